/** What a test does to the whole of its Redis, be it one node or a cluster. */
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { Cluster, type Redis } from "ioredis";

/** Its masters. */
export function nodesOf(redis: RedisClient): Redis[] {
  return redis instanceof Cluster ? redis.nodes("master") : [redis];
}

/** Everything is gone, as after a lost disk; scripts stay. */
export async function flushAll(redis: RedisClient): Promise<void> {
  await Promise.all(nodesOf(redis).map((node) => node.flushall()));
}

/** The same for who has no connection to it. */
export async function flushRedisAt(url: string): Promise<void> {
  const redis = commandClient(url, "test", createLog("test", "silent"));
  await redis.connect();
  await flushAll(redis);
  redis.disconnect();
}

/** Of all nodes. */
export async function findKeys(redis: RedisClient, pattern: string): Promise<string[]> {
  return (await Promise.all(nodesOf(redis).map((node) => node.keys(pattern)))).flat();
}

/** Keys of any slots. */
export async function deleteKeys(redis: RedisClient, keys: readonly string[]): Promise<void> {
  await Promise.all(keys.map((key) => redis.del(key)));
}

/** A command to each node, such as `CONFIG SET …`. */
export async function tellNodes(redis: RedisClient, name: string, ...args: (string | number)[]): Promise<void> {
  await Promise.all(nodesOf(redis).map((node) => node.call(name, ...args)));
}
