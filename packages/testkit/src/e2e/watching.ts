/** Waiting for something to hold, which is looked at whenever something came. */
export class Watching {
  readonly #who: string;
  readonly #waiters = new Set<() => void>();

  /** `who` is named where it did not come to hold. */
  constructor(who: string) {
    this.#who = who;
  }

  /** To be called when something came. */
  look(): void {
    for (const look of this.#waiters) look();
  }

  async until(what: string, holds: () => boolean, withinMs = 30_000): Promise<void> {
    if (holds()) return;
    const met = Promise.withResolvers<void>();
    const look = () => {
      if (holds()) met.resolve();
    };
    this.#waiters.add(look);
    const timer = setTimeout(() => met.reject(new Error(`${this.#who}: "${what}" did not come to hold`)), withinMs);
    try {
      await met.promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(look);
    }
  }
}
