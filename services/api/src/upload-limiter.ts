/** How many files, and how many bytes of them, a user may upload. */
import type { RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { Budget } from "./budget.ts";

const DAY_SECONDS = 86_400;

export interface UploadLimiterOptions {
  redis: RedisClient;
  perMinute: number; // 0: no limit
  bytesPerDay: number; // 0: no limit
}

export class UploadLimiter {
  readonly #files: Budget;
  readonly #bytes: Budget;

  constructor({ redis, perMinute, bytesPerDay }: UploadLimiterOptions) {
    this.#files = new Budget({ redis, keyPrefix: keys.uploads, points: perMinute, seconds: 60 });
    this.#bytes = new Budget({ redis, keyPrefix: keys.uploadBytes, points: bytesPerDay, seconds: DAY_SECONDS });
  }

  /** One more, whatever becomes of it. Throws `rate_limited` or `unavailable`. */
  async takeFile(userId: number): Promise<void> {
    await this.#files.take(String(userId));
  }

  async takeBytes(userId: number, bytes: number): Promise<void> {
    await this.#bytes.take(String(userId), bytes);
  }
}
