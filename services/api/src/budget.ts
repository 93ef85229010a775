/**
 * So many points in so much time, counted in Redis for all api processes together. While Redis is away each process counts
 * for itself; what cannot be counted at all is `unavailable`, never allowed.
 */
import { ClientError } from "@drawchat/protocol/errors";
import type { RedisClient } from "@drawchat/redis/connect";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

export interface BudgetOptions {
  redis: RedisClient;
  keyPrefix: string;
  points: number; // 0: no limit
  seconds: number;
}

export class Budget {
  readonly #limiter: RateLimiterRedis | undefined;

  constructor({ redis, keyPrefix, points, seconds }: BudgetOptions) {
    if (points === 0) return;
    const budget = { points, duration: seconds };
    this.#limiter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix,
      ...budget,
      rejectIfRedisNotReady: true, // asks the insurance at once instead of waiting for a time-out
      insuranceLimiter: new RateLimiterMemory(budget),
    });
  }

  /** Takes points, or none and throws `rate_limited` with when to come again, or `unavailable`. */
  async take(key: string, points = 1): Promise<void> {
    try {
      await this.#limiter?.consume(key, points);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw new ClientError("unavailable", { cause: error });
      // Counted all the same: one that was too large must not use up what smaller ones may have.
      await this.#limiter?.reward(key, points);
      throw new ClientError("rate_limited", { retryAfterMs: error.msBeforeNext });
    }
  }
}
