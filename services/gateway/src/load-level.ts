/**
 * What a gateway gives up when it cannot send all that it should, one step after another, and takes back in the same order:
 *   0  nothing
 *   1  ticks: frames go out less often, so that each costs one write for more events
 *   2  counts: likes, viewers and `stored` are told once a second
 *   3  admission: counts once in five seconds, and new sockets are refused; those that are open are served
 * Moves are by the pressure, 1 where the gateway is full (load-watch.ts measures it). Up one level: the next step's bound was
 * reached for `holdMs` without a break. Down one: for as long it was below four fifths of the bound that brought it here. In
 * between it stays where it is, so that what a step gains does not undo it at once.
 */

export const LOAD_STEPS = ["ticks", "counts", "admission"] as const;

const RELEASE = 0.8;
/** Shortest time between two tellings of counts, by level. */
const COUNTS_GAP_MS = [250, 250, 1_000, 5_000] as const;

export interface LoadLevelOptions {
  /** Of each step, the pressure from which it is taken; rising. Above 1: never. */
  bounds: readonly number[];
  holdMs: number;
}

export class LoadLevel {
  readonly #options: LoadLevelOptions;
  #level = 0;
  #highSinceMs: number | undefined;
  #lowSinceMs: number | undefined;

  constructor(options: LoadLevelOptions) {
    this.#options = options;
  }

  /** How many of LOAD_STEPS are taken. */
  get level(): number {
    return this.#level;
  }

  get hasLongTicks(): boolean {
    return this.#level >= 1;
  }

  get countsGapMs(): number {
    return COUNTS_GAP_MS[this.#level] ?? COUNTS_GAP_MS[0];
  }

  get refusesSockets(): boolean {
    return this.#level >= LOAD_STEPS.length;
  }

  /** The pressure as it is now. To be called regularly; moves one level at most. `nowMs` is monotonic. */
  note(pressure: number, nowMs: number): void {
    const { bounds, holdMs } = this.#options;
    const next = bounds[this.#level];
    const own = bounds[this.#level - 1];
    this.#highSinceMs = next !== undefined && pressure >= next ? (this.#highSinceMs ?? nowMs) : undefined;
    this.#lowSinceMs = own !== undefined && pressure < RELEASE * own ? (this.#lowSinceMs ?? nowMs) : undefined;
    if (this.#highSinceMs !== undefined && nowMs - this.#highSinceMs >= holdMs) this.#move(1);
    else if (this.#lowSinceMs !== undefined && nowMs - this.#lowSinceMs >= holdMs) this.#move(-1);
  }

  /** Each level is held for its own. */
  #move(by: 1 | -1): void {
    this.#level += by;
    this.#highSinceMs = undefined;
    this.#lowSinceMs = undefined;
  }
}
