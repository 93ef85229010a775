/** One hop's judgement: what was owed there against what was seen, in order. What an earlier hop did is not blamed on it. */

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
  /** Ids in order, each once. */
  readonly owed: readonly number[];
  readonly seen: readonly Sighting[];
  readonly before?: Blemishes;
  /** The rule by which something need not be there. Where it is there, it counts like all others. */
  readonly ruleOf?: (id: number) => string | undefined;
}

/**
 * Owed is what was there once and in its place, skipped, lost, or out of its place: seen behind something later, or under
 * another id. Times too many come on top. What was seen and is not owed says nothing here.
 */
export function judge({ owed, seen, before = NO_BLEMISHES, ruleOf = () => undefined }: Judged): Verdict {
  const { times, outOfPlace } = countSeen(owed, seen);
  const skipped: Record<string, number> = {};
  const lost: number[] = [];
  const doubled: number[] = [];
  const disordered: number[] = [];
  const present: number[] = [];
  const allDoubled = new Map(before.doubled);
  for (const id of owed) {
    const count = times.get(id) ?? 0;
    const rule = count === 0 ? ruleOf(id) : undefined;
    if (rule !== undefined) skipped[rule] = (skipped[rule] ?? 0) + 1;
    else if (count === 0) lost.push(id);
    else present.push(id);
    for (let extra = before.doubled.get(id) ?? 0; extra < count - 1; extra += 1) doubled.push(id);
    if (count > 1) allDoubled.set(id, count - 1);
    if (outOfPlace.has(id) && !before.disordered.has(id)) disordered.push(id);
  }
  const once = present.length - disordered.length;
  const blemishes = { doubled: allDoubled, disordered: new Set([...before.disordered, ...disordered]) };
  return { owed: owed.length, once, skipped, lost, doubled, disordered, present, blemishes };
}

function countSeen(owed: readonly number[], seen: readonly Sighting[]): { times: Map<number, number>; outOfPlace: Set<number> } {
  const isOwed = new Set(owed);
  const times = new Map<number, number>();
  const placed = new Set<number>();
  const outOfPlace = new Set<number>();
  let highest = 0;
  for (const { id, isMoved = false } of seen) {
    if (!isOwed.has(id)) continue;
    times.set(id, (times.get(id) ?? 0) + 1);
    if (isMoved || placed.has(id)) continue;
    placed.add(id);
    if (id < highest) outOfPlace.add(id);
    highest = Math.max(highest, id);
  }
  // Nowhere in its place, whatever else it is there as.
  for (const id of times.keys()) if (!placed.has(id)) outOfPlace.add(id);
  return { times, outOfPlace };
}
