/**
 * How many writes a user may make over REST, counted in Redis for all api processes together. While Redis is away each
 * process counts for itself; what cannot be counted at all is `unavailable`, never allowed.
 */
import { ClientError } from "@drawchat/protocol/errors";
import type { RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

export interface WriteLimiterOptions {
  redis: RedisClient;
  perMinute: number; // 0: no limit
}

export class WriteLimiter {
  readonly #limiter: RateLimiterRedis | undefined;

  constructor({ redis, perMinute }: WriteLimiterOptions) {
    if (perMinute === 0) return;
    const budget = { points: perMinute, duration: 60 };
    this.#limiter = new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: keys.restWrites,
      ...budget,
      rejectIfRedisNotReady: true, // asks the insurance at once instead of waiting for a time-out
      insuranceLimiter: new RateLimiterMemory(budget),
    });
  }

  /** Takes one write of the user's budget. Throws `rate_limited` with when to come again, or `unavailable`. */
  async take(userId: number): Promise<void> {
    // The library takes an undefined key as one shared bucket: only a real id may reach it.
    if (!Number.isSafeInteger(userId) || userId < 1) throw new TypeError("a rate needs a user id");
    try {
      await this.#limiter?.consume(String(userId), 1);
    } catch (error) {
      if (error instanceof RateLimiterRes) throw new ClientError("rate_limited", { retryAfterMs: error.msBeforeNext });
      throw new ClientError("unavailable", { cause: error });
    }
  }
}
