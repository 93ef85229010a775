/** A page's sign-in: kept for the life of the tab, so that a reload keeps the person and two tabs can be two people. */
export class SavedToken {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  load(): string | undefined {
    try {
      return sessionStorage.getItem(this.#key) ?? undefined;
    } catch {
      return undefined; // storage forbidden: ask for a name again
    }
  }

  save(token: string): void {
    try {
      sessionStorage.setItem(this.#key, token);
    } catch {
      // storage forbidden: the person lasts until the next reload
    }
  }

  forget(): void {
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      // storage forbidden: nothing was kept
    }
  }
}
