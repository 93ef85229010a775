/** Per-socket budgets, judged inside the callback: an await later would be a flood later. */
const WINDOW_MS = 10_000;
const MAX_FRAMES = 60;
const MAX_BAD_FRAMES = 3;

export type BudgetVerdict = "ok" | "flood" | "bad";

export class FrameBudget {
  #windowStartMs = 0;
  #frames = 0;
  #badFrames = 0;

  /** Counts a frame or a ping: `flood` from the 61st in 10 s on. `nowMs` is monotonic. */
  countFrame(nowMs: number): BudgetVerdict {
    this.#turn(nowMs);
    this.#frames += 1;
    return this.#frames > MAX_FRAMES ? "flood" : "ok";
  }

  /** Counts a refusal of the frame's form: `bad` at the third in 10 s. */
  countBadFrame(nowMs: number): BudgetVerdict {
    this.#turn(nowMs);
    this.#badFrames += 1;
    return this.#badFrames >= MAX_BAD_FRAMES ? "bad" : "ok";
  }

  #turn(nowMs: number): void {
    if (nowMs - this.#windowStartMs < WINDOW_MS) return;
    this.#windowStartMs = nowMs;
    this.#frames = 0;
    this.#badFrames = 0;
  }
}
