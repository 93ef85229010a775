/**
 * The Redis of a run, with a room for each contestant. A writer that stores nothing takes what was accepted out of the log, as
 * the real one does after its commit, so that a long run does not fill it and gateways are told of `stored`.
 */
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@drawchat/local/ports";
import { startRedis } from "@drawchat/local/redis";
import { partitionOfRoom, type RoomName, sessionRoom } from "@drawchat/protocol/ids";
import { assertRedisSettings, commandClient, type RedisClient } from "@drawchat/redis/connect";
import { readLog } from "@drawchat/redis/log";
import { restoreRoom } from "@drawchat/redis/restore";
import { settle } from "@drawchat/redis/settle";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";

export interface Store {
  readonly url: string;
  readonly pid: number;
  readonly redis: RedisClient;
  /** Such as `7.0.15`. */
  readonly version: string;
  /** A session that is open all day. */
  openRoom(session: number): Promise<void>;
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
/** As the writer: so many rows a batch, and how long it waits for more. */
const BATCH_ROWS = 500;
const PAUSE_MS = 50;

export async function startStore(log: Log): Promise<Store> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-bench-"));
  // Also where the run is broken off.
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  const server = await startRedis({ dir, port: await freePort() });
  const redis = commandClient(server.url, "bench", log);
  const rooms: RoomName[] = [];
  const stopped = new AbortController();
  await redis.connect();
  await assertRedisSettings(redis);
  const info = await redis.info("server");
  const settling = settleUntil(stopped.signal, redis, rooms);
  return {
    url: server.url,
    pid: Number(/^process_id:(\d+)/m.exec(info)?.[1]),
    redis,
    version: /^redis_version:(\S+)/m.exec(info)?.[1] ?? "unknown",
    openRoom: async (session) => {
      const room = sessionRoom(session);
      await makeRoom(redis, room);
      rooms.push(room);
    },
    stop: async () => {
      stopped.abort();
      await settling;
      redis.disconnect();
      await server.stop();
    },
  };
}

async function makeRoom(redis: RedisClient, room: RoomName): Promise<void> {
  const nowMs = Date.now();
  const [opensMs, drawMs, closesMs] = [nowMs - HOUR_MS, nowMs + 12 * HOUR_MS, nowMs + 24 * HOUR_MS];
  await restoreRoom(redis, {
    room,
    policy: { kind: "session", state: "open", opensMs, drawMs, closesMs, winners: [], version: 1 },
    upto: 0,
    after: 0,
    events: [],
    likes: new Map(),
    logFirstEntry: "",
  });
}

async function settleUntil(signal: AbortSignal, redis: RedisClient, rooms: readonly RoomName[]): Promise<void> {
  while (!signal.aborted) {
    // A Redis that is slow is slow for all: the next round takes up what is left.
    for (const room of rooms) await settleRoom(redis, room).catch(() => undefined);
    await sleep(PAUSE_MS, signal);
  }
}

async function settleRoom(redis: RedisClient, room: RoomName): Promise<void> {
  const partition = partitionOfRoom(room);
  for (;;) {
    const entries = await readLog(redis, partition, BATCH_ROWS);
    if (entries.length === 0) return;
    await settle(redis, { partition, entries, rooms: new Map([[room, { rejected: [], columns: new Map() }]]) });
  }
}
