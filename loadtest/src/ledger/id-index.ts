/** Where an id stands in a list of rising ids: at once where it is the next after the one that was asked for last. */
export class IdIndex {
  readonly #ids: readonly number[];
  #next = 0;

  constructor(ids: readonly number[]) {
    this.#ids = ids;
  }

  /** -1 where it is not there. */
  indexOf(id: number): number {
    const at = this.#ids[this.#next] === id ? this.#next : this.#search(id);
    if (at >= 0) this.#next = at + 1;
    return at;
  }

  #search(id: number): number {
    let low = 0;
    let high = this.#ids.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#ids[middle] ?? 0;
      if (found === id) return middle;
      if (found < id) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
