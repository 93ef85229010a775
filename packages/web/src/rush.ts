/**
 * What a screen reader is told. As long as lines come at a pace that can be spoken, each is; in a rush they are only
 * counted, and a sentence now and then says how many came.
 */
const RUSH_LINES = 12;
const RUSH_WINDOW_MS = 10_000;
const SUMMARY_MS = 20_000;

export class Rush {
  #recent: number[] = [];
  #counted = 0;
  #summedUpAt = 0;

  note(now: number): void {
    this.#recent.push(now);
    if (this.#recent.length > RUSH_LINES) this.#recent.shift();
    this.#counted += 1;
  }

  /** True from the twelfth line within ten seconds on. */
  isOn(now: number): boolean {
    const [oldest] = this.#recent;
    return oldest !== undefined && this.#recent.length === RUSH_LINES && now - oldest < RUSH_WINDOW_MS;
  }

  /** How many lines came since the last summary, where one is due. */
  takeSummary(now: number): number | undefined {
    if (!this.isOn(now)) {
      this.#counted = 0;
      this.#summedUpAt = now;
      return undefined;
    }
    if (now - this.#summedUpAt < SUMMARY_MS) return undefined;
    const counted = this.#counted;
    this.#counted = 0;
    this.#summedUpAt = now;
    return counted;
  }
}
