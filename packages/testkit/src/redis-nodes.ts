/** What a test does to the whole of its Redis, be it one node or a cluster. */
import type { RedisClient } from "@drawchat/redis/connect";
import { Cluster, type Redis } from "ioredis";

/** Its masters. */
export function nodesOf(redis: RedisClient): Redis[] {
  return redis instanceof Cluster ? redis.nodes("master") : [redis];
}

/** Everything is gone, as after a lost disk; scripts stay. */
export async function flushAll(redis: RedisClient): Promise<void> {
  await Promise.all(nodesOf(redis).map((node) => node.flushall()));
}

/** Of all nodes. */
export async function findKeys(redis: RedisClient, pattern: string): Promise<string[]> {
  return (await Promise.all(nodesOf(redis).map((node) => node.keys(pattern)))).flat();
}

/** Keys of any slots. */
export async function deleteKeys(redis: RedisClient, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => redis.del(key)));
}

export async function configureRedis(redis: RedisClient, name: string, value: string): Promise<void> {
  await Promise.all(nodesOf(redis).map((node) => node.config("SET", name, value)));
}
