/** For tests: the api's parts on a Redis and a database of the test file's own, called without a socket. */

import type { Role } from "@drawchat/auth/claims";
import type { TokenConfig } from "@drawchat/auth/config";
import { createTokenVerifier, signToken } from "@drawchat/auth/token";
import { cacheVerdicts } from "@drawchat/auth/verdict-cache";
import type { NewMessageRow } from "@drawchat/db/tables";
import { type FileStore, openFileStore } from "@drawchat/files/store";
import { type RoomName, sessionRoom } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import type { ConversationSettings, LiveChatSettings } from "@drawchat/runtime/settings";
import type { DrawConfig } from "@drawchat/schedule/draw-config";
import { type TestDatabase, testDatabase } from "@drawchat/testkit/postgres";
import { type TestRedis, testRedis } from "@drawchat/testkit/redis";
import { afterAll } from "vitest";
import type { ApiParts, App } from "./api.ts";
import { buildPublicServer, type PublicServerOptions } from "./public-server.ts";
import { RoomGlances } from "./room-glances.ts";
import { RoomRestorer } from "./room-restorer.ts";
import { SeenUsers } from "./seen-users.ts";
import { SessionDirectory } from "./session-directory.ts";
import { UploadLimiter } from "./upload-limiter.ts";
import { WriteLimiter } from "./write-limiter.ts";

export const TOKENS: TokenConfig = {
  key: { kind: "secret", secret: new TextEncoder().encode("a secret of the tests, 32 bytes or more") },
  issuer: "drawchat",
  audience: "drawchat",
  maxAgeSeconds: 86_400,
};

const SETTINGS: LiveChatSettings = {
  enabled: true,
  preDrawHours: 1,
  postDrawHours: 1,
  maxMessagesPerUserPerMinute: 0,
  messageHistoryLimit: 100,
  sampleAbovePerSecond: 0,
  waitBeforeOpenMinutes: 15,
};

const CONVERSATIONS: ConversationSettings = { maxMessagesPerUserPerMinute: 0, bot: undefined, tellsWebhook: false };

export interface TestApiOptions {
  settings?: Partial<LiveChatSettings>;
  conversations?: Partial<ConversationSettings>;
  draw?: DrawConfig;
  writesPerMinute?: number;
  /** Default: no limits. */
  uploads?: { perMinute?: number; bytesPerDay?: number };
  /** Default: a folder that there is not. */
  files?: FileStore;
  server?: Partial<PublicServerOptions>;
}

export interface Call {
  /** The caller; 0 sends no token. Default 1. */
  user?: number;
  roles?: Role[];
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  text: string;
  /** The parsed body; undefined where there is none. */
  body: unknown;
}

export interface TestApi {
  app: App;
  parts: ApiParts;
  restorer: RoomRestorer;
  redis: RedisClient;
  database: TestDatabase;
  redisServer: TestRedis;
  call: (request: string, options?: Call) => Promise<Answer>;
}

export function tokenOf(userId: number, roles: readonly Role[] = []): Promise<string> {
  return signToken(TOKENS, { userId, username: `user${userId}`, roles, expiresInSeconds: 600 });
}

/** A Redis and a database; the file's tests share them. */
export async function testStores(): Promise<{ redisServer: TestRedis; database: TestDatabase; redis: RedisClient }> {
  const redisServer = await testRedis();
  const database = await testDatabase();
  const redis = commandClient(redisServer.url, "test-api", createLog("test", "silent"));
  await redis.connect();
  afterAll(() => redis.disconnect());
  return { redisServer, database, redis };
}

export async function testApi(stores: Awaited<ReturnType<typeof testStores>>, options: TestApiOptions = {}): Promise<TestApi> {
  const { redis, database } = stores;
  const log = createLog("test", "error"); // a 500 in a test tells why
  const settings = { ...SETTINGS, ...options.settings };
  const draw = options.draw ?? { timeZone: "UTC", daily: undefined };
  const { db } = database;
  const restorer = new RoomRestorer({ db, redis, log });
  const limits = { session: settings.maxMessagesPerUserPerMinute, conversation: options.conversations?.maxMessagesPerUserPerMinute ?? 0 };
  const hours = { pre: settings.preDrawHours, post: settings.postDrawHours };
  const sessions = new SessionDirectory({ db, redis, log, draw, hours });
  const parts: ApiParts = {
    log,
    redis,
    db,
    settings,
    conversations: { ...CONVERSATIONS, ...options.conversations },
    draw,
    users: new SeenUsers(db),
    verifier: cacheVerdicts(createTokenVerifier(TOKENS)),
    sessions,
    glances: new RoomGlances(redis, sessions.clock),
    acceptor: new Acceptor({ redis, log, limits, restoreRoom: (room) => restorer.restore(room) }),
    limiter: new WriteLimiter({ redis, perMinute: options.writesPerMinute ?? 0 }),
    uploadLimiter: new UploadLimiter({ redis, perMinute: 0, bytesPerDay: 0, ...options.uploads }),
    files: options.files ?? (await openFileStore({ dir: "/nonexistent", s3: undefined })),
  };
  const defaults = { allowedOrigins: [], webDir: undefined, isDocsPageOn: false, demoTokens: undefined, onAnswer: () => undefined };
  const app = await buildPublicServer(parts, { ...defaults, ...options.server });
  afterAll(() => app.close());
  return { ...stores, app, parts, restorer, call: (request, call) => inject(app, request, call) };
}

/** `request` is the method and path: `GET /live-chat/status`. */
async function inject(app: App, request: string, { user = 1, roles = [], body, headers = {} }: Call = {}): Promise<Answer> {
  const [method = "GET", url = "/"] = request.split(" ");
  const authorization: Record<string, string> = user === 0 ? {} : { authorization: `Bearer ${await tokenOf(user, roles)}` };
  const json = body === undefined ? {} : { "content-type": "application/json" };
  const response = await app.inject({
    method: method as "GET",
    url,
    headers: { ...authorization, ...json, ...headers },
    ...(body === undefined ? {} : { payload: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = response.payload;
  const isJson = String(response.headers["content-type"]).includes("json");
  return { status: response.statusCode, headers: response.headers, text, body: isJson && text !== "" ? JSON.parse(text) : undefined };
}

/** Posts lines as a gateway does; resolves with their ids. */
export async function post(acceptor: Acceptor, sessionId: number, texts: readonly string[], userId = 1): Promise<number[]> {
  const room: RoomName = sessionRoom(sessionId);
  const outcomes = await Promise.all(
    texts.map((text) => {
      const line = { user_id: userId, username: `user${userId}`, profile_pic: null, message: text, message_type: "text", likes: 0 };
      const middle = `,${JSON.stringify(line).slice(1, -1)},"created_at":"`;
      const parts = ['{"type":"new_message","message":{"id":', middle, '","is_winner":false,"is_host":false}}'] as const;
      return acceptor.submit({ room, kind: "m", userId, clientId: crypto.randomUUID(), parts });
    }),
  );
  return outcomes.map((outcome) => {
    if (outcome.kind !== "accepted") throw new Error(`a line was not accepted: ${JSON.stringify(outcome)}`);
    return outcome.id;
  });
}

/** Puts a row of a message into the table, as the writer would. */
export async function store(database: TestDatabase, sessionId: number, message: Partial<NewMessageRow> & { id: number }): Promise<void> {
  await database.db
    .insertInto("live_chat_messages")
    .values({
      session_id: sessionId,
      client_id: crypto.randomUUID(),
      user_id: 1,
      username: "user1",
      profile_pic: null,
      message: "stored",
      message_type: "text",
      is_winner: false,
      is_host: false,
      created_at: new Date(),
      deleted_at: null,
      last_event_id: message.id,
      ...message,
    })
    .execute();
}
