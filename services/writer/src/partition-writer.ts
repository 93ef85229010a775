/**
 * Serves one partition: waits for its log, then stores batch after batch until the log is empty.
 *
 *   waiting ──(the log holds something)──▶ gathering (batchWaitMs) ──▶ draining ──(log empty)──▶ waiting
 *                                                                         │ ▲
 *                                            failed: forget, back off ────┘ └── locked: another writer is at it
 */
import { describeError, sqlState } from "@drawchat/db/postgres-errors";
import { readLog, rowsOf } from "@drawchat/redis/log";
import { Backoff, sleep } from "@drawchat/runtime/backoff";
import type { Doorbell } from "./doorbell.ts";
import type { Slots } from "./slots.ts";
import { type StoreOptions, storeEntries } from "./store-entries.ts";

/** How long to leave a partition to the writer that holds its lock. */
const LOCKED_WAIT_MS = 200;
/** From this failure in a row on it is worth waking someone. */
const ALARMING_FAILURES = 6;

export interface PartitionWriterOptions extends StoreOptions {
  partition: number;
  doorbell: Doorbell;
  /** Batches of different partitions that are read, stored or settled at once: more than there are `slots`, so that these are never idle. */
  inHand: Slots;
  batchMaxRows: number;
  batchWaitMs: number;
}

export class PartitionWriter {
  readonly #options: PartitionWriterOptions;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff({ baseMs: 100, capMs: 5_000 });
  #loop: Promise<void> | undefined;

  constructor(options: PartitionWriterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when the batch in hand is finished. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** True from a failed batch on until one is stored. */
  get isFailing(): boolean {
    return this.#backoff.attempts > 0;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { doorbell, partition, batchWaitMs } = this.#options;
    while (!signal.aborted) {
      await doorbell.wait(partition, signal);
      let next: Next = "gather";
      while (next !== "empty" && !signal.aborted) {
        if (next === "gather") await sleep(batchWaitMs, signal);
        if (!signal.aborted) next = await this.#storeNext();
      }
    }
  }

  async #storeNext(): Promise<Next> {
    const { inHand, log, partition } = this.#options;
    try {
      const next = await inHand.use(() => this.#storeBatch());
      if (this.#backoff.attempts > 0) log.info({ component: "live_chat", partition, attempts: this.#backoff.attempts }, "storing again");
      this.#backoff.reset();
      if (next === "locked") await sleep(LOCKED_WAIT_MS, this.#stopping.signal);
      return next;
    } catch (error) {
      this.#reportFailure(error);
      await this.#backoff.wait(this.#stopping.signal);
      return "failed";
    }
  }

  async #storeBatch(): Promise<Next> {
    const { redis, partition, metrics } = this.#options;
    const end = metrics.batchSeconds.startTimer();
    const maxRows = this.#maxRows();
    const entries = await readLog(redis, partition, maxRows);
    if (entries.length === 0) return "empty";
    if ((await storeEntries(this.#options, partition, entries)) === "locked") return "locked";
    const rows = entries.reduce((sum, entry) => sum + rowsOf(entry), 0);
    metrics.batchRows.observe(rows);
    end();
    // A full batch has more behind it: no need to let the next one gather.
    return rows >= maxRows / 2 ? "more" : "gather";
  }

  /** A batch that failed is tried smaller: one that takes too long would otherwise fail for ever. */
  #maxRows(): number {
    return Math.max(1, Math.floor(this.#options.batchMaxRows / 2 ** this.#backoff.attempts));
  }

  #reportFailure(error: unknown): void {
    const { log, partition, metrics } = this.#options;
    metrics.failures.inc({ code: sqlState(error) ?? "connection" });
    const attempts = this.#backoff.attempts + 1;
    const fields = { component: "live_chat", partition, attempts, err: describeError(error) };
    if (attempts >= ALARMING_FAILURES) log.error(fields, "batch failed again and again, kept in the log");
    else log.warn(fields, "batch failed, kept in the log");
  }
}

/** What a turn found: nothing, more than it could take, little, another writer, or an error. */
type Next = "empty" | "more" | "gather" | "locked" | "failed";
