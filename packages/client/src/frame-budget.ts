/**
 * Paces message frames: the server cuts a socket that sends more than 60 frames in 10 s, and a long outbox after a
 * reconnect would be cut again and again.
 */
const WINDOW_MS = 10_000;
const FRAMES_PER_WINDOW = 40; // leaves room for pings, likes and resumes

export class FrameBudget {
  #sentAt: number[] = [];

  /** How many may leave now. */
  available(now: number): number {
    this.#sentAt = this.#sentAt.filter((at) => at > now - WINDOW_MS);
    return FRAMES_PER_WINDOW - this.#sentAt.length;
  }

  /** When the next one may leave, in the clock of `now`. */
  freeAt(now: number): number {
    return this.available(now) > 0 ? now : (this.#sentAt[0] ?? now) + WINDOW_MS;
  }

  spend(now: number, frames: number): void {
    for (let i = 0; i < frames; i += 1) this.#sentAt.push(now);
  }

  /** A new socket has its own budget. */
  reset(): void {
    this.#sentAt = [];
  }
}
