/** A side of a gateway's trail: which stretches of the sequence it answers for, and what it saw. */
import { MARK_BEGIN, MARK_END, type TrailEntry } from "./observations.ts";

export interface TrailView {
  /** True where the gateway was to see the event: its room was open, and its trail was read without a gap. */
  readonly covers: (id: number) => boolean;
  /** In its order, with how many sockets listened. */
  readonly entries: readonly TrailEntry[];
}

/** A stretch that nothing ends goes on to the end of the run. */
export function viewTrail(trail: readonly TrailEntry[]): TrailView {
  const stretches: { after: number; upto: number }[] = [];
  let open: number | undefined;
  for (const [place, mark] of trail) {
    if (mark === MARK_BEGIN) open ??= place;
    if (mark !== MARK_END || open === undefined) continue;
    stretches.push({ after: open, upto: place });
    open = undefined;
  }
  if (open !== undefined) stretches.push({ after: open, upto: Number.POSITIVE_INFINITY });
  return {
    covers: (id) => stretches.some(({ after, upto }) => id > after && id <= upto),
    entries: trail.filter(([, sockets]) => sockets >= 0),
  };
}
