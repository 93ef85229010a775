/** One hop's judgement: what was owed there against what was seen, in order. What an earlier hop did is not blamed on it. */

import { IdIndex } from "./id-index.ts";

export interface Sighting {
  readonly id: number;
  /** It was seen under another id than it was accepted with. */
  readonly isMoved?: boolean;
}

/** What hops did to a room's events so far. */
export interface Blemishes {
  /** How many times too many. */
  readonly doubled: ReadonlyMap<number, number>;
  readonly disordered: ReadonlySet<number>;
}

export const NO_BLEMISHES: Blemishes = { doubled: new Map(), disordered: new Set() };

export interface Verdict {
  readonly owed: number;
  readonly once: number;
  /** By the name of the rule. */
  readonly skipped: Readonly<Record<string, number>>;
  /** One a time; `doubled` has an id once for each time too many. */
  readonly lost: readonly number[];
  readonly doubled: readonly number[];
  readonly disordered: readonly number[];
  /** What the next hop owes. */
  readonly present: readonly number[];
  /** With those of the hops before. */
  readonly blemishes: Blemishes;
}

export interface Judged {
  /** Ids in rising order, each once. */
  readonly owed: readonly number[];
  readonly seen: Iterable<Sighting>;
  readonly before?: Blemishes;
  /** The rule by which something need not be there. Where it is there, it counts like all others. */
  readonly ruleOf?: (id: number) => string | undefined;
}

/**
 * Owed is what was there once and in its place, skipped, lost, or out of its place: seen behind something later, or under
 * another id. Times too many come on top. What was seen and is not owed says nothing here.
 */
export function judge({ owed, seen, before = NO_BLEMISHES, ruleOf = () => undefined }: Judged): Verdict {
  const { times, isOutOfPlace } = countSeen(owed, seen);
  const skipped: Record<string, number> = {};
  const lost: number[] = [];
  const doubled: number[] = [];
  const disordered: number[] = [];
  const present: number[] = [];
  const allDoubled = new Map(before.doubled);
  owed.forEach((id, i) => {
    const count = times[i] ?? 0;
    const rule = count === 0 ? ruleOf(id) : undefined;
    if (rule !== undefined) skipped[rule] = (skipped[rule] ?? 0) + 1;
    else if (count === 0) lost.push(id);
    else present.push(id);
    if (count > 1) {
      for (let extra = before.doubled.get(id) ?? 0; extra < count - 1; extra += 1) doubled.push(id);
      allDoubled.set(id, count - 1);
    }
    if (isOutOfPlace[i] === 1 && !before.disordered.has(id)) disordered.push(id);
  });
  const once = present.length - disordered.length;
  const blemishes = { doubled: allDoubled, disordered: new Set([...before.disordered, ...disordered]) };
  return { owed: owed.length, once, skipped, lost, doubled, disordered, present, blemishes };
}

/** By the place in `owed`. */
function countSeen(owed: readonly number[], seen: Iterable<Sighting>): { times: Uint32Array; isOutOfPlace: Uint8Array } {
  const index = new IdIndex(owed);
  const times = new Uint32Array(owed.length);
  const isPlaced = new Uint8Array(owed.length);
  const isOutOfPlace = new Uint8Array(owed.length);
  let highest = 0;
  for (const { id, isMoved = false } of seen) {
    const at = index.indexOf(id);
    if (at < 0) continue;
    times[at] = (times[at] ?? 0) + 1;
    if (isMoved || isPlaced[at] === 1) continue;
    isPlaced[at] = 1;
    if (id < highest) isOutOfPlace[at] = 1;
    highest = Math.max(highest, id);
  }
  // Nowhere in its place, whatever else it is there as.
  for (let at = 0; at < owed.length; at += 1) if ((times[at] ?? 0) > 0 && isPlaced[at] === 0) isOutOfPlace[at] = 1;
  return { times, isOutOfPlace };
}
