/** The Redis of a benchmark, as empty at the start of each turn as at the first, with one open session. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@drawchat/local/ports";
import { startRedis } from "@drawchat/local/redis";
import { type RoomName, sessionRoom } from "@drawchat/protocol/ids";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import { assertRedisSettings, commandClient, type RedisClient } from "../src/connect.ts";
import { restoreRoom } from "../src/restore.ts";

export interface BenchRedis {
  readonly redis: RedisClient;
  readonly pid: number;
  /** Forgets everything, the append-only file included, and opens the room. */
  reset(): Promise<RoomName>;
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const ROOM = sessionRoom(1);
const REWRITE_POLL_MS = 20;

/** No rewrite of the append-only file begins by itself: it would fall into some turns and not into others. */
export async function startBenchRedis(log: Log): Promise<BenchRedis> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-bench-"));
  const server = await startRedis({ dir, port: await freePort(), settings: { "auto-aof-rewrite-percentage": "0" } });
  const redis = commandClient(server.url, "bench", log);
  await redis.connect();
  await assertRedisSettings(redis);
  return {
    redis,
    pid: server.pid ?? 0,
    reset: async () => {
      await redis.flushall("ASYNC");
      await rewriteAppendOnlyFile(redis);
      await openRoom(redis);
      return ROOM;
    },
    stop: async () => {
      redis.disconnect();
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function rewriteAppendOnlyFile(redis: RedisClient): Promise<void> {
  await redis.call("BGREWRITEAOF");
  while (isRewriting(await redis.info("persistence"))) await sleep(REWRITE_POLL_MS);
}

/** Also while one is only about to begin. */
function isRewriting(persistence: string): boolean {
  return /aof_rewrite_(in_progress|scheduled):1/.test(persistence);
}

async function openRoom(redis: RedisClient): Promise<void> {
  const nowMs = Date.now();
  await restoreRoom(redis, {
    room: ROOM,
    policy: {
      kind: "session",
      state: "open",
      opensMs: nowMs - HOUR_MS,
      drawMs: nowMs + HOUR_MS,
      closesMs: nowMs + 2 * HOUR_MS,
      winners: [],
      version: 1,
    },
    upto: 0,
    after: 0,
    events: [],
    likes: new Map(),
    logFirstEntry: "",
  });
}
