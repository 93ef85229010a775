/** The clock that decides windows and ids. */
import { Cluster } from "ioredis";
import type { RedisClient } from "./connect.ts";

/** The time of Redis in Unix ms; of a cluster, that of the node which answers first. Rejects where Redis is away. */
export async function redisNowMs(redis: RedisClient): Promise<number> {
  const [seconds, micros] = redis instanceof Cluster ? await timeOfAny(redis) : await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

/** A cluster would ask any node, and with it the one that is away. */
async function timeOfAny(cluster: Cluster): Promise<unknown[]> {
  const nodes = cluster.nodes("master");
  if (nodes.length === 0) return cluster.time(); // says that it is not ready
  return await Promise.any(nodes.map((node) => node.time())).catch((error: unknown) => {
    throw error instanceof AggregateError ? error.errors[0] : error;
  });
}
