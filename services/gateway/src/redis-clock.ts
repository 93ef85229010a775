/** Redis's time, which alone judges windows: kept as an offset to the monotonic clock, so that a step of ours moves nothing. */
export class RedisClock {
  #offsetMs = Date.now() - performance.now();

  /** `requestedAt` and `answeredAt` are `performance.now()` around the read; the time is taken as their middle. */
  note(redisMs: number, requestedAt: number, answeredAt: number): void {
    this.#offsetMs = redisMs - (requestedAt + answeredAt) / 2;
  }

  /** Unix milliseconds. */
  nowMs(): number {
    return performance.now() + this.#offsetMs;
  }
}
