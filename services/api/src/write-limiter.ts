/**
 * How many writes of a kind a user may make over REST, and searches, counted in Redis for all api processes together.
 * While Redis is away each process counts for itself; what cannot be counted at all is `unavailable`, never allowed.
 */
import { ClientError } from "@drawchat/protocol/errors";
import type { RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";

/** Each kind of call has a budget of its own, all of the same size. */
export type CallKind = "live_chat" | "users" | "conversations" | "messages" | "marks" | "search";

export interface WriteLimiterOptions {
  redis: RedisClient;
  perMinute: number; // of each kind; 0: no limit
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

  /** Takes one call of the user's budget of this kind. Throws `rate_limited` with when to come again, or `unavailable`. */
  async take(userId: number, kind: CallKind): Promise<void> {
    // The library takes an undefined key as one shared bucket: only a real id may reach it.
    if (!Number.isSafeInteger(userId) || userId < 1) throw new TypeError("a rate needs a user id");
    try {
      await this.#limiter?.consume(`${kind}:${userId}`, 1);
    } catch (error) {
      if (error instanceof RateLimiterRes) throw new ClientError("rate_limited", { retryAfterMs: error.msBeforeNext });
      throw new ClientError("unavailable", { cause: error });
    }
  }
}
