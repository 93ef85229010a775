/** How many writes of a kind a user may make over REST, and searches. */
import type { RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { Budget } from "./budget.ts";

/** Each kind of call has a budget of its own, all of the same size. */
export type CallKind = "live_chat" | "users" | "conversations" | "messages" | "marks" | "search";

export interface WriteLimiterOptions {
  redis: RedisClient;
  perMinute: number; // of each kind; 0: no limit
}

export class WriteLimiter {
  readonly #budget: Budget;

  constructor({ redis, perMinute }: WriteLimiterOptions) {
    this.#budget = new Budget({ redis, keyPrefix: keys.restWrites, points: perMinute, seconds: 60 });
  }

  /** Takes one call of the user's budget of this kind. Throws `rate_limited` with when to come again, or `unavailable`. */
  async take(userId: number, kind: CallKind): Promise<void> {
    // The library takes an undefined key as one shared bucket: only a real id may reach it.
    if (!Number.isSafeInteger(userId) || userId < 1) throw new TypeError("a rate needs a user id");
    await this.#budget.take(`${kind}:${userId}`);
  }
}
