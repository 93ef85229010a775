/** What processes wrote, kept for tests: JSON lines as records, anything else as `{ msg }`. */

export interface LogLine {
  readonly process: string;
  readonly msg: string;
  readonly level?: string;
  readonly [field: string]: unknown;
}

const WAIT_MS = 15_000;

export class LogLines {
  readonly all: LogLine[] = [];
  readonly #waiting = new Set<() => void>();

  add(process: string, text: string): void {
    this.all.push({ ...parse(text), process });
    for (const check of this.#waiting) check();
  }

  of(process: string): LogLine[] {
    return this.all.filter((line) => line.process === process);
  }

  /** The first line, among those written and those to come, that `where` likes; rejects after 15 s. */
  async waitFor(where: (line: LogLine) => boolean): Promise<LogLine> {
    const found = Promise.withResolvers<LogLine>();
    const check = () => {
      const line = this.all.find(where);
      if (line !== undefined) found.resolve(line);
    };
    const timer = setTimeout(() => found.reject(new Error(`no such line; the last ones: ${this.#tail()}`)), WAIT_MS);
    this.#waiting.add(check);
    check();
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(check);
    }
  }

  #tail(): string {
    return this.all
      .slice(-10)
      .map((line) => JSON.stringify(line))
      .join("\n");
  }
}

function parse(text: string): { msg: string } {
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record === "object" && record !== null && "msg" in record && typeof record.msg === "string")
      return { ...record, msg: record.msg };
  } catch {
    // not JSON: a stack trace, say
  }
  return { msg: text };
}
