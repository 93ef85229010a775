/** Per-socket budgets, judged inside the callback: an await later would be a flood later. Windows slide: no edge to gather at. */
const WINDOW_MS = 10_000;
const MAX_FRAMES = 60;
const MAX_BAD_FRAMES = 3;

export type BudgetVerdict = "ok" | "flood" | "bad";

export class FrameBudget {
  /** There only while it is needed: most sockets say nothing for long. */
  #frames: number[] | undefined;
  #badFrames: number[] | undefined;

  /** Counts a frame, a ping or a pong: `flood` at the 61st in any 10 s. `nowMs` is monotonic. */
  countFrame(nowMs: number): BudgetVerdict {
    this.#frames = noteWithin(this.#frames, nowMs);
    return this.#frames.length > MAX_FRAMES ? "flood" : "ok";
  }

  /** Counts a refusal of the frame's form: `bad` at the third in any 10 s. */
  countBadFrame(nowMs: number): BudgetVerdict {
    this.#badFrames = noteWithin(this.#badFrames, nowMs);
    return this.#badFrames.length >= MAX_BAD_FRAMES ? "bad" : "ok";
  }

  /** Gives back the memory of what counts no more. */
  forget(nowMs: number): void {
    if (isOver(this.#frames, nowMs)) this.#frames = undefined;
    if (isOver(this.#badFrames, nowMs)) this.#badFrames = undefined;
  }
}

/** Times of the last window, oldest first; never more than the limit and one, because the socket ends there. */
function noteWithin(times: number[] | undefined, nowMs: number): number[] {
  // A list that was pushed to has room for sixteen more.
  if (times === undefined) return [nowMs];
  while (times[0] !== undefined && times[0] <= nowMs - WINDOW_MS) times.shift();
  times.push(nowMs);
  return times;
}

function isOver(times: readonly number[] | undefined, nowMs: number): boolean {
  return times !== undefined && (times.at(-1) ?? 0) <= nowMs - WINDOW_MS;
}
