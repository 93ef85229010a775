/**
 * One read for all who ask at once, and still a fresh one for each: nobody gets an answer that was read before the
 * question. Who comes while a read is under way shares the next one. So a storm of readers costs one read at a time.
 */
import { setImmediate, setTimeout } from "node:timers/promises";

export class SharedRead<T> {
  readonly #read: () => Promise<T>;
  readonly #minGapMs: number;
  /** Settles with the read under way, whatever becomes of it. */
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<T> | undefined;
  #startedAtMs = Number.NEGATIVE_INFINITY;

  /** `minGapMs`: from one read's start to the next one's; default 0. */
  constructor(read: () => Promise<T>, { minGapMs = 0 } = {}) {
    this.#read = read;
    this.#minGapMs = minGapMs;
  }

  /** Resolves with what was read after this call; rejects as the read does. */
  read(): Promise<T> {
    this.#next ??= this.#startNext();
    return this.#next;
  }

  async #startNext(): Promise<T> {
    await this.#running;
    // At least until the event loop has handed out what else has arrived: those requests come along.
    await setImmediate();
    // A timer counts from the loop's own time, which lags on a busy machine: it may ring too early.
    for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) await setTimeout(Math.ceil(waitMs));
    this.#startedAtMs = performance.now();
    this.#next = undefined;
    const reading = this.#read();
    this.#running = reading.catch(() => undefined);
    return await reading;
  }

  #waitMs(): number {
    return this.#startedAtMs + this.#minGapMs - performance.now();
  }
}
