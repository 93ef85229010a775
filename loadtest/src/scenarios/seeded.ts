/**
 * Chance that can be repeated: the same seed draws the same numbers on every machine. xoshiro128** of D. Blackman and S. Vigna
 * ("Scrambled linear pseudorandom number generators", 2021), its state filled by a hash of seed and name.
 */
export class Seeded {
  readonly #state = new Uint32Array(4);

  /** Draws of one name do not move those of another: a run with more likes has the same messages. */
  constructor(seed: number, name: string) {
    let hash = seed >>> 0;
    for (const character of `${Math.floor(seed / 2 ** 32)} ${name}`) hash = mix(hash ^ (character.codePointAt(0) ?? 0));
    for (let i = 0; i < this.#state.length; i += 1) {
      hash = mix(hash + 0x9e3779b9);
      this.#state[i] = hash;
    }
  }

  /** From 0 up to 1, without 1. */
  next(): number {
    return this.#uint32() / 2 ** 32;
  }

  /** A whole number from 0 up to `below`, without it. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new RangeError("nothing to pick from");
    return picked;
  }

  /** How many things happen where `mean` are expected, each by itself. */
  poisson(mean: number): number {
    // Knuth's product goes down to exp(-mean): in parts, so that a great mean does not end at zero.
    let count = 0;
    for (let left = mean; left > 0; left -= 500) {
      const limit = Math.exp(-Math.min(left, 500));
      for (let product = this.next(); product > limit; product *= this.next()) count += 1;
    }
    return count;
  }

  /** 0 … `count` - 1 in any order. */
  order(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i -= 1) {
      const other = this.below(i + 1);
      [order[i], order[other]] = [order[other] ?? 0, order[i] ?? 0];
    }
    return order;
  }

  #uint32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const drawn = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const [c1, d1] = [c ^ a, d ^ b];
    this.#state.set([a ^ d1, b ^ c1, c1 ^ (b << 9), rotate(d1, 11)]);
    return drawn;
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Every bit of the input moves about half of the output's. */
function mix(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return (second ^ (second >>> 16)) >>> 0;
}
