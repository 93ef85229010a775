/** A Redis server of its own for a test file. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@drawchat/local/ports";
import { type LocalRedis, startRedis } from "@drawchat/local/redis";
import { afterAll } from "vitest";

export type TestRedis = LocalRedis;

/** Call it at the top of a test file; the server ends after the file's last test. `url` is where it listens. */
export async function testRedis(settings: Readonly<Record<string, string>> = {}): Promise<TestRedis> {
  const { redis, remove } = await createTestRedis(settings);
  afterAll(remove);
  return redis;
}

/** The same without vitest's hooks: the caller removes it. */
export async function createTestRedis(
  settings: Readonly<Record<string, string>> = {},
): Promise<{ redis: TestRedis; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-test-redis-"));
  const redis = await startRedis({ dir, port: await freePort(), settings });
  const remove = async () => {
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  };
  return { redis, remove };
}
