/**
 * A value that may be a little old. While it is asked for it is read again in the background, so that nobody waits; what
 * is older than allowed is waited for, by one read for all.
 */
export interface AgedReadOptions<T> {
  read: () => Promise<T>;
  /** Nobody gets a value older than this, unless the read fails. */
  maxAgeMs: number;
  /** After a failed read the last value serves on until it is so old. Default: never. */
  keptMs?: number;
  /** Told of a failure that nobody else hears of. */
  onStale?: (error: unknown) => void;
}

/** After a failure the last value serves without another attempt for so long. */
const RETRY_MS = 1_000;

export class AgedRead<T> {
  readonly #options: AgedReadOptions<T>;
  #kept: { value: T; readAtMs: number } | undefined;
  #reading: Promise<T> | undefined;
  #failedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: AgedReadOptions<T>) {
    this.#options = options;
  }

  async get(): Promise<T> {
    const kept = this.#kept;
    if (kept === undefined) return await this.#readOnce();
    const { maxAgeMs, keptMs = 0, onStale } = this.#options;
    const nowMs = performance.now();
    const ageMs = nowMs - kept.readAtMs;
    if (ageMs < maxAgeMs / 2) return kept.value;
    const isUsable = ageMs < keptMs;
    if (isUsable && nowMs - this.#failedAtMs < RETRY_MS) return kept.value;
    const reading = this.#readOnce();
    if (ageMs < maxAgeMs) {
      reading.catch(() => undefined); // who asks once it is too old hears of it
      return kept.value;
    }
    try {
      return await reading;
    } catch (error) {
      if (!isUsable) throw error;
      onStale?.(error);
      return kept.value;
    }
  }

  /** The next `get` reads anew; what is being read now is not kept. */
  forget(): void {
    this.#kept = undefined;
    this.#reading = undefined;
  }

  #readOnce(): Promise<T> {
    if (this.#reading !== undefined) return this.#reading;
    const startedAtMs = performance.now();
    const reading = this.#options.read().then(
      (value) => {
        if (this.#reading === reading) this.#kept = { value, readAtMs: startedAtMs };
        return value;
      },
      (error: unknown) => {
        this.#failedAtMs = performance.now();
        throw error;
      },
    );
    this.#reading = reading;
    const done = () => {
      if (this.#reading === reading) this.#reading = undefined;
    };
    reading.then(done, done);
    return reading;
  }
}
