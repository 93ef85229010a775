/** The longest tick: a busy room's next batch is not further away. */
const RIDE_MS = 250;
/**
 * What goes alone is a write to every socket, some 6 µs each: with this gap between two of them they take a sixteenth of the core,
 * up to the second that people may wait for a count. Viewers who come one after another would be told of each other all the time.
 */
const LONE_GAP_MS_PER_SOCKET = 0.1;
const MAX_LONE_GAP_MS = 1_000;

/**
 * For values that may be merged: told at once when it was quiet, otherwise at most so often, the latest ones only. In a busy room
 * they ride along with the next batch: a write of their own to every socket would cost as much as one.
 */
export class Paced {
  readonly #gapMs: () => number;
  readonly #tell: () => void;
  readonly #sockets: () => number;
  #timer: NodeJS.Timeout | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** The last two times that all sockets were written to. */
  #rides: readonly [before: number, last: number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];

  /** `sockets`: how many are written to. */
  constructor(gapMs: () => number, tell: () => void, sockets: () => number = () => 0) {
    this.#gapMs = gapMs;
    this.#tell = tell;
    this.#sockets = sockets;
  }

  /** There is something to tell. */
  schedule(): void {
    if (this.#timer !== undefined) return;
    const nowMs = performance.now();
    const [before, last] = this.#rides;
    const isBusy = nowMs - before < 2 * RIDE_MS && nowMs - last < RIDE_MS;
    const waitMs = Math.max(0, this.#lastMs + this.#loneGapMs() - nowMs) + (isBusy ? RIDE_MS : 0);
    if (waitMs === 0) this.#run();
    else this.#timer = setTimeout(() => this.#run(), waitMs);
  }

  /** All sockets are written to in this turn of the loop: what is due goes along. */
  ride(): void {
    const nowMs = performance.now();
    this.#rides = [this.#rides[1], nowMs];
    if (this.#timer === undefined || nowMs < this.#lastMs + this.#gapMs()) return;
    clearTimeout(this.#timer);
    this.#run();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #loneGapMs(): number {
    return Math.max(this.#gapMs(), Math.min(MAX_LONE_GAP_MS, this.#sockets() * LONE_GAP_MS_PER_SOCKET));
  }

  #run(): void {
    this.#timer = undefined;
    this.#lastMs = performance.now();
    this.#tell();
  }
}
