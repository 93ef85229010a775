/**
 * A Redis of its own for a test file: one server, or a cluster where TEST_REDIS_NODES says of how many nodes
 * (`npm run test:shards`).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@drawchat/local/ports";
import { type LocalRedis, startRedis } from "@drawchat/local/redis";
import { type LocalRedisCluster, startRedisCluster } from "@drawchat/local/redis-cluster";
import { afterAll, inject } from "vitest";

/** What can be done to either. `url` says where it is. */
export type TestRedis = Pick<LocalRedis & LocalRedisCluster, "url" | "start" | "stop" | "kill" | "pause" | "resume">;

type Settings = Readonly<Record<string, string>>;

/** Call it at the top of a test file; it ends after the file's last test. */
export async function testRedis(settings: Settings = {}): Promise<TestRedis> {
  const { redis, remove } = await createTestRedis(settings);
  afterAll(remove);
  return redis;
}

/** One server whatever the suite runs against, for tests of what a server does. */
export async function testRedisServer(settings: Settings = {}): Promise<LocalRedis> {
  const { redis, remove } = await inFolder((dir) => startServer(dir, settings));
  afterAll(remove);
  return redis;
}

/** A cluster whatever the suite runs against, for tests of what clusters do. Default 3 nodes. */
export async function testRedisCluster(): Promise<LocalRedisCluster> {
  const { redis, remove } = await inFolder((dir) => startRedisCluster({ dir }));
  afterAll(remove);
  return redis;
}

/** What the suite runs against, without vitest's hooks: the caller removes it. */
export function createTestRedis(settings: Settings = {}): Promise<Removable<TestRedis>> {
  const nodes = inject("redisNodes");
  if (nodes <= 1) return inFolder<TestRedis>((dir) => startServer(dir, settings));
  return inFolder<TestRedis>((dir) => startRedisCluster({ dir, nodes, settings }));
}

interface Removable<R> {
  redis: R;
  remove: () => Promise<void>;
}

async function startServer(dir: string, settings: Settings): Promise<LocalRedis> {
  return startRedis({ dir, port: await freePort(), settings });
}

async function inFolder<R extends { stop: () => Promise<void> }>(start: (dir: string) => Promise<R>): Promise<Removable<R>> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-test-redis-"));
  const redis = await start(dir);
  const remove = async () => {
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return { redis, remove };
}
