/**
 * A map with a bound that keeps what is used. Two generations instead of an order: a hit costs one look-up and moves
 * nothing; when the young are half of the bound, they become the old, and old ones that nobody used are gone.
 */
export class Lru<K, V> {
  readonly #generationSize: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** Never holds more than `maxEntries`; the last half as many that were used are always there. */
  constructor(maxEntries: number) {
    this.#generationSize = Math.max(1, Math.floor(maxEntries / 2));
  }

  get size(): number {
    let onlyOld = 0;
    for (const key of this.#old.keys()) if (!this.#young.has(key)) onlyOld += 1;
    return this.#young.size + onlyOld;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#generationSize && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
