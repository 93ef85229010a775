/**
 * How often a user may join in 10 s: above it a client is caught in a loop of reconnects. Counts of the running window, for all
 * users at once, and nothing is kept of the one before: a record and a timer a user would weigh more than an idle socket.
 */
const WINDOW_MS = 10_000;

export class JoinPace {
  readonly #maxJoins: number;
  #joins = new Map<number, number>();
  #window = 0;

  constructor(maxJoins: number) {
    this.#maxJoins = maxJoins;
  }

  /** Counts a join. `nowMs` is monotonic. */
  mayJoin(userId: number, nowMs: number): boolean {
    const window = Math.floor(nowMs / WINDOW_MS);
    if (window !== this.#window) this.#joins = new Map();
    this.#window = window;
    const joins = (this.#joins.get(userId) ?? 0) + 1;
    this.#joins.set(userId, joins);
    return joins <= this.#maxJoins;
  }
}
