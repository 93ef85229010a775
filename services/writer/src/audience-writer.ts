/**
 * From the audience streams into the rows of viewers. A loop of its own that gives way to the log: one transaction at a
 * time, of a bounded size, on one connection, and none while batches of the log wait for their turn.
 *
 * An entry is removed after its commit, so that a crash repeats it. One that cannot be read or that Postgres will not
 * take is dropped: the next full list says it again. Entries may be applied late, when the partition has gone to another
 * writer that is past them: rows do not take what is older than they are.
 */
import type { Database } from "@drawchat/db/connect";
import { describeError, isDataError } from "@drawchat/db/postgres-errors";
import type { ViewerReport } from "@drawchat/db/viewer-reports";
import { applyViewerReports } from "@drawchat/db/viewers";
import { roomNumber } from "@drawchat/protocol/ids";
import { type AudienceEntry, readAudience, removeAudience } from "@drawchat/redis/audience";
import type { RedisClient } from "@drawchat/redis/connect";
import { Backoff, sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import type { WriterMetrics } from "./metrics.ts";
import type { Slots } from "./slots.ts";

const POLL_MS = 500;
/** Between two transactions of a backlog. */
const BREATH_MS = 50;
/** How long the log may keep the audience waiting, at most. */
const GIVE_WAY_MS = 2_000;
const READ_ENTRIES = 10;
const BATCH_MAX_USERS = 4_000;

export interface AudienceWriterOptions {
  redis: RedisClient;
  pool: Database["pool"];
  /** Those of the log. */
  slots: Slots;
  /** The partitions that this writer serves now. */
  partitions: () => readonly number[];
  metrics: WriterMetrics;
  log: Log;
}

export class AudienceWriter {
  readonly #options: AudienceWriterOptions;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff({ baseMs: 200, capMs: 10_000 });
  #loop: Promise<void> | undefined;

  constructor(options: AudienceWriterOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when the transaction in hand is finished. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const isMore = await this.#round();
        this.#backoff.reset();
        await sleep(isMore ? BREATH_MS : POLL_MS, signal);
      } catch (error) {
        this.#options.log.warn({ component: "live_chat", err: describeError(error) }, "viewers not stored, trying again");
        await this.#backoff.wait(signal);
      }
    }
  }

  /** True where more waits. */
  async #round(): Promise<boolean> {
    const { redis, partitions } = this.#options;
    let isMore = false;
    for (const [partition, entries] of await readAudience(redis, partitions(), READ_ENTRIES)) {
      const batch = firstBatch(entries);
      await this.#giveWay();
      if (this.#stopping.signal.aborted) return false;
      const isDone = await this.#apply(partition, batch);
      if (isDone && (batch.length < entries.length || entries.length === READ_ENTRIES)) isMore = true;
    }
    return isMore;
  }

  async #giveWay(): Promise<void> {
    const until = performance.now() + GIVE_WAY_MS;
    while (this.#options.slots.waiting > 0 && performance.now() < until) await sleep(BREATH_MS, this.#stopping.signal);
  }

  /** False where another writer is at this partition. */
  async #apply(partition: number, batch: readonly AudienceEntry[]): Promise<boolean> {
    const { redis, pool, metrics } = this.#options;
    const reports = batch.flatMap((entry) => toViewerReport(entry) ?? []);
    const end = metrics.audienceSeconds.startTimer();
    try {
      const applied = reports.length === 0 ? { opened: 0, closed: 0 } : await applyViewerReports(pool, partition, reports);
      if (applied === undefined) return false;
      metrics.audienceRows.inc({ change: "opened" }, applied.opened);
      metrics.audienceRows.inc({ change: "closed" }, applied.closed);
      metrics.audienceDropped.inc(batch.length - reports.length);
    } catch (error) {
      if (!isDataError(error)) throw error;
      metrics.audienceDropped.inc(batch.length);
      this.#options.log.error({ component: "live_chat", partition, err: describeError(error) }, "viewers not storable, dropped");
    }
    end();
    await removeAudience(
      redis,
      partition,
      batch.map((entry) => entry.streamId),
    );
    return true;
  }
}

/** The first entries, at least one, as far as their users fit a transaction. */
function firstBatch(entries: readonly AudienceEntry[]): AudienceEntry[] {
  let users = 0;
  const end = entries.findIndex((entry, i) => {
    users += usersOf(entry);
    return i > 0 && users > BATCH_MAX_USERS;
  });
  return entries.slice(0, end === -1 ? entries.length : end);
}

function usersOf({ report }: AudienceEntry): number {
  if (report === undefined) return 0;
  const { content } = report;
  return content.kind === "list" ? content.users.length : content.joined.length + content.left.length;
}

function toViewerReport({ report, atMs }: AudienceEntry): ViewerReport | undefined {
  if (report === undefined || !report.room.startsWith("s")) return undefined;
  return { sessionId: roomNumber(report.room), gatewayId: report.gatewayId, seenAt: new Date(atMs), ...report.content };
}
