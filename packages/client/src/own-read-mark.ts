/**
 * The own read mark of a room: it only moves forward, goes out at most once a second, and again on a new socket where
 * the server does not know of it. Pure: the caller brings the clock and the socket.
 */
const PACE_MS = 1_000;

export class OwnReadMark {
  #wanted = 0;
  /** The highest that the server told of, or that went out on this socket. */
  #known = 0;
  #sentAt = Number.NEGATIVE_INFINITY;

  want(upto: number): void {
    this.#wanted = Math.max(this.#wanted, upto);
  }

  /** What the server has. */
  note(upto: number): void {
    this.#known = Math.max(this.#known, upto);
  }

  /** What the server has: what went out on the socket before may be lost. */
  noteOnNewSocket(upto: number): void {
    this.#known = upto;
  }

  /** When it is to be sent, in the caller's clock; Infinity where it need not be. */
  get dueAt(): number {
    return this.#wanted > this.#known ? this.#sentAt + PACE_MS : Number.POSITIVE_INFINITY;
  }

  /** It counts as sent from here on. */
  take(now: number): number {
    this.#sentAt = now;
    this.#known = this.#wanted;
    return this.#wanted;
  }
}
