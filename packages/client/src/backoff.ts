/** Delays between attempts of a client: full jitter, so that a crowd that lost one gateway comes back spread out. */
export interface BackoffOptions {
  /** Ceiling of the first delay. Default 500. */
  baseMs?: number;
  /** Highest ceiling. Default 30,000. */
  capMs?: number;
  random?: () => number;
}

/** Each delay is random between 0 and base × 2^n, at most the cap. */
export class Backoff {
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor({ baseMs = 500, capMs = 30_000, random = Math.random }: BackoffOptions = {}) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#random = random;
  }

  get attempts(): number {
    return this.#attempts;
  }

  nextMs(): number {
    const ceiling = Math.min(this.#capMs, this.#baseMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts += 1;
    return this.#random() * ceiling;
  }

  reset(): void {
    this.#attempts = 0;
  }
}
