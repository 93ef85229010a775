/** `logs/app.log`: the lines of every process. Above a size it becomes `app.log.1`, and the one before that goes. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

const MAX_BYTES = 50 * 1024 * 1024;

export class AppLog {
  readonly path: string;
  readonly #maxBytes: number;
  #file: number;
  #bytes: number;

  constructor(dir: string, maxBytes: number = MAX_BYTES) {
    mkdirSync(dir, { recursive: true });
    this.path = join(dir, "app.log");
    this.#maxBytes = maxBytes;
    this.#file = openSync(this.path, "a");
    this.#bytes = fstatSync(this.#file).size;
  }

  /** Appends a line that is JSON; anything else (a stack trace, a line of Postgres) becomes JSON first. */
  add(service: string, line: string): void {
    if (line === "") return;
    const json = line.startsWith('{"') ? line : JSON.stringify({ level: "info", service, time: new Date().toISOString(), msg: line });
    this.write(`${json}\n`);
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#bytes > 0 && this.#bytes + bytes.length > this.#maxBytes) this.#rotate();
    writeSync(this.#file, bytes);
    this.#bytes += bytes.length;
  }

  #rotate(): void {
    closeSync(this.#file);
    renameSync(this.path, `${this.path}.1`);
    this.#file = openSync(this.path, "a");
    this.#bytes = 0;
  }
}
