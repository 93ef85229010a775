/** Who types: marks that end by themselves unless they are renewed, and the pace of one's own. */

/** Own marks go out so often at most: a little above the 3 s below which the server passes over them. */
const RENEW_MS = 3_200;

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
  #isTyping: boolean = false;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** True where a mark must go out now. */
  note(isTyping: boolean, now: number): boolean {
    return isTyping ? now - this.#toldAt >= RENEW_MS : this.#isTyping;
  }

  noteSent(isTyping: boolean, now: number): void {
    this.#isTyping = isTyping;
    if (isTyping) this.#toldAt = now;
  }

  /** A message ended it. */
  end(): void {
    this.#isTyping = false;
  }

  /** A new socket knows of none. */
  forget(): void {
    this.#isTyping = false;
    this.#toldAt = Number.NEGATIVE_INFINITY;
  }
}
