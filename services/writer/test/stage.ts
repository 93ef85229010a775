/** What the writer's tests play on: rooms in a real Redis, their sessions in a real Postgres, and one call per batch. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Database } from "@drawchat/db/connect";
import { insertDeadLetters } from "@drawchat/db/dead-letters";
import { partitionOfRoom, type RoomName, sessionRoom } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { type LogEntry, readLog } from "@drawchat/redis/log";
import { restoreRoom } from "@drawchat/redis/restore";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { createWriterMetrics } from "../src/metrics.ts";
import { Rebuilds } from "../src/rebuilds.ts";
import { Slots } from "../src/slots.ts";
import { type StoreOptions, storeEntries } from "../src/store-entries.ts";

const HOUR_MS = 3_600_000;
const log = createLog("test", "silent");

export interface Line {
  user?: number;
  text?: string;
  clientId?: string;
  /** Raw JSON of the text, quotes included, in place of `text`. */
  rawText?: string;
}

export interface Stage {
  redis: RedisClient;
  acceptor: Acceptor;
  options: StoreOptions;
  /** Rooms that the writer asked the api to rebuild. */
  rebuilt: RoomName[];
  close: () => Promise<void>;
}

/** `apiUrl` answers every rebuild with 204 and notes it in `rebuilt`. */
export async function createStage(redisUrl: string, database: Database): Promise<Stage> {
  const redis = commandClient(redisUrl, "test", log);
  await redis.connect();
  const rebuilt: RoomName[] = [];
  const api = createServer((request, response) => {
    const room = /^\/internal\/rooms\/(s\d+)\/rebuild$/.exec(request.url ?? "")?.[1];
    if (room !== undefined) rebuilt.push(sessionRoom(Number(room.slice(1))));
    response.writeHead(room === undefined ? 404 : 204).end();
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
  const { port } = api.address() as AddressInfo;
  const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: () => Promise.resolve("unknown") });
  const rebuilds = new Rebuilds(`http://127.0.0.1:${port}`, log);
  const options: StoreOptions = {
    redis,
    pool: database.pool,
    db: database.db,
    slots: new Slots(4),
    acceptor,
    rebuilds,
    bury: async (letter) => void (await insertDeadLetters(database.pool, [letter])),
    followUps: { hasBot: true, tellsWebhook: true },
    metrics: createWriterMetrics(new Metrics("test")),
    log,
  };
  const close = async () => {
    await rebuilds.stop();
    await acceptor.drained();
    redis.disconnect();
    await new Promise((resolve) => api.close(resolve));
  };
  return { redis, acceptor, options, rebuilt, close };
}

/** A session that is open now, in Postgres and in Redis. */
export async function openRoom(redis: RedisClient, { db }: Database): Promise<RoomName> {
  const nowMs = Date.now();
  const { id } = await db
    .insertInto("live_chat_sessions")
    .values({
      kind: "explicit",
      draw_date: "2030-01-01",
      draw_at: new Date(nowMs + Math.floor(Math.random() * HOUR_MS)),
      opens_at: new Date(nowMs - HOUR_MS),
      closes_at: new Date(nowMs + 2 * HOUR_MS),
      state: "open",
      is_active: true,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  const room = sessionRoom(id);
  await openRoomInRedis(redis, room);
  return room;
}

/** The same in Redis only: Postgres does not know the session. */
export async function openRoomInRedis(redis: RedisClient, room: RoomName): Promise<void> {
  const nowMs = Date.now();
  const policy = {
    kind: "session",
    state: "open",
    opensMs: nowMs - HOUR_MS,
    closesMs: nowMs + 2 * HOUR_MS,
    drawMs: nowMs,
    winners: [],
    version: 1,
  } as const;
  const logFirstEntry = (await redis.xrange(keys.log(partitionOfRoom(room)), "-", "+", "COUNT", 1))[0]?.[0] ?? "";
  await restoreRoom(redis, { room, policy, upto: 0, events: [], after: 0, likes: new Map(), logFirstEntry });
}

/** Says a line; resolves with its id. */
export async function say(acceptor: Acceptor, room: RoomName, { user = 1, text = "hello", clientId, rawText }: Line = {}): Promise<number> {
  const outcome = await acceptor.submit({
    room,
    kind: "m",
    userId: user,
    clientId: clientId ?? crypto.randomUUID(),
    parts: [
      '{"type":"new_message","message":{"id":',
      `,"user_id":${user},"username":"user ${user}","profile_pic":null,"message":${rawText ?? JSON.stringify(text)},"message_type":"text","likes":0,"created_at":"`,
      '","is_winner":false,"is_host":false}}',
    ],
  });
  if (outcome.kind === "refused") throw new Error(`refused: ${outcome.code}`);
  return outcome.id;
}

/** Likes; resolves with the count that everybody is shown. */
export async function like(acceptor: Acceptor, room: RoomName, target: number | "s", user = 1): Promise<number> {
  const outcome = await acceptor.like({ room, target: target === "s" ? "s" : `${target}`, userId: user });
  if (outcome.kind === "refused") throw new Error(`refused: ${outcome.code}`);
  return outcome.likes;
}

/** What a writer would read next. */
export function readEntries(redis: RedisClient, room: RoomName): Promise<LogEntry[]> {
  return readLog(redis, partitionOfRoom(room), 500);
}

/** One batch of the room's partition, start to end. */
export async function storeNext({ redis, options }: Stage, room: RoomName): Promise<"stored" | "locked"> {
  return storeEntries(options, partitionOfRoom(room), await readEntries(redis, room));
}

/** The count on screens, stored and pending together; undefined where Redis counts none. */
export async function shownLikes(redis: RedisClient, room: RoomName, target: number | "s"): Promise<number | undefined> {
  const counts = await redis.hmget(keys.likes(room), `${target}:stored`, `${target}:pending`);
  return counts.every((count) => count === null) ? undefined : counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
}

/** Everything published in a room from now on, as text. */
export async function listen(
  redisUrl: string,
  room: RoomName,
): Promise<{ heard: string[]; until: (needle: string) => Promise<void>; close: () => void }> {
  const subscriber = new Subscriber(redisUrl, "test", log);
  await subscriber.connect();
  const heard: string[] = [];
  const waiting: { needle: string; resolve: () => void }[] = [];
  const onMessage = (bytes: Buffer) => {
    const text = bytes.toString("utf8");
    heard.push(text);
    for (const { needle, resolve } of waiting) if (text.includes(needle)) resolve();
  };
  await subscriber.subscribe(keys.channel(room), { onMessage });
  const until = async (needle: string) => {
    if (heard.some((text) => text.includes(needle))) return;
    await new Promise<void>((resolve) => waiting.push({ needle, resolve }));
  };
  return { heard, until, close: () => subscriber.disconnect() };
}
