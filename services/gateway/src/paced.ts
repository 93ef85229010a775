/** For values that may be merged: told at once when it was quiet, otherwise at most so often, the latest ones only. */
export class Paced {
  readonly #gapMs: () => number;
  readonly #tell: () => void;
  #timer: NodeJS.Timeout | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(gapMs: () => number, tell: () => void) {
    this.#gapMs = gapMs;
    this.#tell = tell;
  }

  /** There is something to tell. */
  schedule(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#lastMs + this.#gapMs() - performance.now();
    if (waitMs <= 0) this.#run();
    else this.#timer = setTimeout(() => this.#run(), waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    this.#lastMs = performance.now();
    this.#tell();
  }
}
