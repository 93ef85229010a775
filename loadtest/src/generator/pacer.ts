/** Does things at their times, in order; what is late is done at once. A thousandth of a second is as fine as it gets. */
import { nowUs } from "./clock.ts";

export interface PacedWork {
  /** On this clock (`nowUs`), in order. */
  readonly timeOf: (i: number) => number;
  readonly count: number;
  readonly act: (i: number, dueUs: number) => void;
}

/** Acts of one turn of the loop at most, so that what comes is read in between. */
const ACTS_PER_TURN = 500;
const IDLE_MS = 20;

/** Resolves when the last was done, or the signal aborted. */
export function pace({ timeOf, count, act }: PacedWork, signal: AbortSignal): Promise<void> {
  const done = Promise.withResolvers<void>();
  let next = 0;
  const turn = () => {
    if (signal.aborted) return done.resolve();
    const us = nowUs();
    for (let acts = 0; acts < ACTS_PER_TURN && next < count && timeOf(next) <= us; acts += 1) {
      act(next, timeOf(next));
      next += 1;
    }
    if (next >= count) return done.resolve();
    const leftMs = (timeOf(next) - nowUs()) / 1_000;
    if (leftMs <= 0) setImmediate(turn);
    else setTimeout(turn, Math.min(leftMs, IDLE_MS));
  };
  turn();
  return done.promise;
}
