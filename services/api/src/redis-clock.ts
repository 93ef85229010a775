/** The time of Redis, which alone judges windows: read at most four times a second, carried on by our own clock in between. */
import type { RedisClient } from "@drawchat/redis/connect";
import { redisNowMs } from "@drawchat/redis/time";
import { SharedRead } from "./shared-read.ts";

const MAX_AGE_MS = 250;

export class RedisClock {
  readonly #reads: SharedRead<void>;
  #offsetMs = 0; // Redis's Unix ms minus our monotonic clock
  #notedAtMs = Number.NEGATIVE_INFINITY;

  constructor(redis: RedisClient) {
    this.#reads = new SharedRead(async () => {
      const askedAtMs = performance.now();
      this.note(await redisNowMs(redis), askedAtMs);
    });
  }

  /** Unix ms, true to half a round trip. Rejects where Redis is away. */
  async nowMs(): Promise<number> {
    if (performance.now() - this.#notedAtMs > MAX_AGE_MS) await this.#reads.read();
    return Math.floor(performance.now() + this.#offsetMs);
  }

  /** A time that came with another answer of Redis. */
  note(redisTimeMs: number, askedAtMs: number): void {
    const answeredAtMs = performance.now();
    this.#offsetMs = redisTimeMs - (askedAtMs + answeredAtMs) / 2;
    this.#notedAtMs = answeredAtMs;
  }
}
