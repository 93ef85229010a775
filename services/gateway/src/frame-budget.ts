/** Per-socket budgets, judged inside the callback: an await later would be a flood later. Windows slide: no edge to gather at. */
const WINDOW_MS = 10_000;
const MAX_FRAMES = 60;
const MAX_BAD_FRAMES = 3;

export type BudgetVerdict = "ok" | "flood" | "bad";

export class FrameBudget {
  readonly #frames: number[] = [];
  readonly #badFrames: number[] = [];

  /** Counts a frame, a ping or a pong: `flood` at the 61st in any 10 s. `nowMs` is monotonic. */
  countFrame(nowMs: number): BudgetVerdict {
    return countWithin(this.#frames, nowMs) > MAX_FRAMES ? "flood" : "ok";
  }

  /** Counts a refusal of the frame's form: `bad` at the third in any 10 s. */
  countBadFrame(nowMs: number): BudgetVerdict {
    return countWithin(this.#badFrames, nowMs) >= MAX_BAD_FRAMES ? "bad" : "ok";
  }
}

/** Times of the last window, oldest first; never more than the limit and one, because the socket ends there. */
function countWithin(times: number[], nowMs: number): number {
  while (times[0] !== undefined && times[0] <= nowMs - WINDOW_MS) times.shift();
  return times.push(nowMs);
}
