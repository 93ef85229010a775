/** The clock that decides windows and ids. */
import type { RedisClient } from "./connect.ts";

/** The time of Redis in Unix ms. Rejects where Redis is away. */
export async function redisNowMs(redis: RedisClient): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}
