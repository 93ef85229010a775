/**
 * How often a user may join in 10 s: above it a client is caught in a loop of reconnects. A join is counted when its socket ends,
 * because a loop's sockets do, and nothing is kept of those that stay: a storm of joins of everybody leaves nothing here.
 */
const WINDOW_MS = 10_000;

export class JoinPace {
  readonly #maxJoins: number;
  /** Of the running window, for all users at once. */
  #ends = new Map<number, number>();
  #window = 0;

  constructor(maxJoins: number) {
    this.#maxJoins = maxJoins;
  }

  /** `nowMs` is monotonic. */
  mayJoin(userId: number, nowMs: number): boolean {
    this.#turn(nowMs);
    return (this.#ends.get(userId) ?? 0) < this.#maxJoins;
  }

  /** A socket that the user had joined with is gone. */
  noteEnd(userId: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#ends.set(userId, (this.#ends.get(userId) ?? 0) + 1);
  }

  #turn(nowMs: number): void {
    const window = Math.floor(nowMs / WINDOW_MS);
    if (window !== this.#window) this.#ends = new Map();
    this.#window = window;
  }
}
