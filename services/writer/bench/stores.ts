/** Redis and Postgres of a benchmark, as production has them (append-only file, fsync), and what was said in some rooms. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectDatabase, type Database } from "@drawchat/db/connect";
import { migrateToLatest } from "@drawchat/db/migrate";
import { freePort } from "@drawchat/local/ports";
import { startPostgres } from "@drawchat/local/postgres";
import { startRedis } from "@drawchat/local/redis";
import { type RoomName, sessionRoom } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { addSession } from "@drawchat/testkit/sessions";
import { openRoomInRedis } from "../test/stage.ts";

export interface Stores {
  readonly redis: RedisClient;
  readonly redisUrl: string;
  readonly redisPid: number;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly postgresPid: number;
  /** Sessions, each of another partition. */
  readonly rooms: readonly RoomName[];
  stop(): Promise<void>;
}

export interface StoresOptions {
  rooms: number;
  /** Connections of ours to Postgres. */
  connections: number;
}

/** How many messages of a room are under way at once: groups of about half of it. */
const SENDERS = 40;
const log = createLog("bench", "warn");

export async function startStores({ rooms: count, connections }: StoresOptions): Promise<Stores> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-bench-"));
  const redisServer = await startRedis({
    dir: join(dir, "redis"),
    port: await freePort(),
    settings: { "auto-aof-rewrite-percentage": "0" },
  });
  const postgres = await startPostgres({ dir: join(dir, "postgres"), port: await freePort() });
  const redis = commandClient(redisServer.url, "bench", log);
  await redis.connect();
  const database = connectDatabase({
    url: postgres.url(),
    maxConnections: connections,
    applicationName: "bench",
    onError: () => undefined,
  });
  await migrateToLatest(database);
  const rooms: RoomName[] = [];
  for (let n = 0; n < count; n += 1) rooms.push(sessionRoom((await addSession(database.db)).id));
  return {
    redis,
    redisUrl: redisServer.url,
    redisPid: redisServer.pid ?? 0,
    database,
    databaseUrl: postgres.url(),
    postgresPid: postgres.pid ?? 0,
    rooms,
    stop: async () => {
      redis.disconnect();
      await database.close();
      await Promise.all([redisServer.stop(), postgres.stop()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Forgets what was said before; resolves when so many messages, in equal parts by room, are in the logs of Redis. */
export async function fillLogs({ redis, rooms }: Pick<Stores, "redis" | "rooms">, messages: number): Promise<void> {
  await redis.flushall("ASYNC");
  for (const room of rooms) await openRoomInRedis(redis, room);
  const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unavailable" });
  await Promise.all(rooms.map((room) => say(acceptor, room, messages / rooms.length)));
}

async function say(acceptor: Acceptor, room: RoomName, messages: number): Promise<void> {
  let said = 0;
  const speak = async () => {
    while (said < messages) {
      const userId = 1 + (said % 1_000);
      said += 1;
      const outcome = await acceptor.submit({ room, kind: "m", userId, clientId: crypto.randomUUID(), parts: partsOf(userId, said) });
      if (outcome.kind !== "accepted") throw new Error(`a message was not accepted: ${JSON.stringify(outcome)}`);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, speak));
}

function partsOf(userId: number, n: number): readonly [string, string, string] {
  return [
    '{"type":"new_message","message":{"id":',
    `,"user_id":${userId},"username":"user ${userId}","profile_pic":"https://example.com/people/${userId}.png","message":"good luck to everybody in tonight's draw, line ${n}","message_type":"text","likes":0,"created_at":"`,
    '","is_winner":false,"is_host":false}}',
  ];
}

/**
 * Both contestants begin with an empty table and everything on disk: what Redis wrote while its logs were filled would
 * otherwise be written behind the first of them, before its commits.
 */
export async function emptyTables({ database }: Pick<Stores, "database">): Promise<void> {
  await database.pool.query("TRUNCATE live_chat_messages CASCADE");
  await database.pool.query("UPDATE live_chat_sessions SET last_event_id = 0");
  await database.pool.query("CHECKPOINT");
  await promisify(execFile)("sync");
}
