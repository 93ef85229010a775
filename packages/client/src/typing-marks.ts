/** Who types: marks that end by themselves unless they are renewed, and the pace of one's own. */

/** An own mark is renewed so often at most. */
const RENEW_MS = 3_000;

/** The marks of the others. `onChange` gets all who type now. */
export class TypingMarks {
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  readonly #onChange: (userIds: ReadonlySet<number>) => void;

  constructor(onChange: (userIds: ReadonlySet<number>) => void) {
    this.#onChange = onChange;
  }

  get userIds(): ReadonlySet<number> {
    return new Set(this.#timers.keys());
  }

  set(userId: number, expiresInMs: number): void {
    const known = this.#timers.get(userId);
    clearTimeout(known);
    this.#timers.set(
      userId,
      setTimeout(() => this.end(userId), expiresInMs),
    );
    if (known === undefined) this.#onChange(this.userIds);
  }

  end(userId: number): void {
    clearTimeout(this.#timers.get(userId));
    if (this.#timers.delete(userId)) this.#onChange(this.userIds);
  }

  clear(): void {
    for (const userId of [...this.#timers.keys()]) this.end(userId);
  }
}

/** Paces the own mark: told at each key stroke, it says what is worth a frame. */
export class OwnTyping {
  #sentAt: number | undefined;

  /** True where a mark must go out now. */
  note(isTyping: boolean, now: number): boolean {
    if (!isTyping) return this.#sentAt !== undefined;
    return this.#sentAt === undefined || now - this.#sentAt >= RENEW_MS;
  }

  noteSent(isTyping: boolean, now: number): void {
    this.#sentAt = isTyping ? now : undefined;
  }

  /** A message or a lost socket ended it. */
  forget(): void {
    this.#sentAt = undefined;
  }
}
