/**
 * Who types in a room is told every 3 s at most, per user and however many sockets they have; that they stopped, at once;
 * that they began again, a second after they were last said to.
 */
const GAP_MS = 3_000;
const AGAIN_MS = 1_000;

export class TypingThrottle {
  readonly #users = new Map<number, { toldMs: number; isTyping: boolean }>();

  /** Whether this is to be told now. `nowMs` is monotonic. */
  isDue(userId: number, isTyping: boolean, nowMs: number): boolean {
    const last = this.#users.get(userId);
    if (!isTyping) {
      const isNews = last?.isTyping === true;
      if (isNews) last.isTyping = false;
      return isNews;
    }
    if (last !== undefined && nowMs - last.toldMs < (last.isTyping ? GAP_MS : AGAIN_MS)) return false;
    this.#users.set(userId, { toldMs: nowMs, isTyping: true });
    return true;
  }
}
