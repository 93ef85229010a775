/** What a run says while it runs: lines that stay, and below them one that tells how things stand. */
import { MultiBar, type SingleBar } from "cli-progress";

/** Where the output is a file, how things stand is a line now and then. */
const EVERY_MS_IN_FILES = 30_000;

export class Terminal {
  readonly #beganMs = performance.now();
  readonly #isTerminal = process.stdout.isTTY === true;
  readonly #bars = new MultiBar({
    format: "{what}",
    stream: process.stdout,
    fps: 5,
    clearOnComplete: true,
    noTTYOutput: true,
    notTTYSchedule: EVERY_MS_IN_FILES,
  });
  #live: SingleBar | undefined;

  /** A line that stays. */
  tell(what: string): void {
    const line = `${this.#stamp}  ${what}\n`;
    if (this.#isTerminal && this.#live !== undefined) this.#bars.log(line);
    else process.stdout.write(line);
  }

  /** Replaces what it was told before. */
  show(what: string): void {
    const payload = { what: `${this.#stamp}  ${what}` };
    this.#live ??= this.#bars.create(1, 0, payload);
    this.#live.update(payload);
  }

  /** The terminal is as it was. Safe to call again. */
  stop(): void {
    if (this.#live !== undefined) this.#bars.stop();
    this.#live = undefined;
  }

  get #stamp(): string {
    return `${((performance.now() - this.#beganMs) / 1_000).toFixed(1).padStart(7)} s`;
  }
}
