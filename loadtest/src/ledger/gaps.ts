/** What one socket has been passed over with and may still get: half-open stretches, behind `after` up to `upto`. */

/** A socket with more holes than this is dirty beyond doubt; what fills one of the oldest then counts as doubled. */
const MAX_GAPS = 256;

export class Gaps {
  #gaps: (readonly [after: number, upto: number])[] = [];

  add(after: number, upto: number): void {
    if (this.#gaps.length >= MAX_GAPS) this.#gaps.shift();
    this.#gaps.push([after, upto]);
  }

  /** True where `id` was missing; it is not missing any more. */
  fill(id: number): boolean {
    const at = this.#gaps.findIndex(([after, upto]) => id > after && id <= upto);
    const gap = this.#gaps[at];
    if (gap === undefined) return false;
    const [after, upto] = gap;
    const left: [number, number][] = [];
    if (id - 1 > after) left.push([after, id - 1]);
    if (upto > id) left.push([id, upto]);
    this.#gaps.splice(at, 1, ...left);
    return true;
  }

  [Symbol.iterator](): Iterator<readonly [after: number, upto: number]> {
    return this.#gaps[Symbol.iterator]();
  }
}
