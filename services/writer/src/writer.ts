/** A writer: serves the partitions that it holds leases of. */
import { idTimeMs } from "@drawchat/protocol/ids";
import { Leases } from "@drawchat/redis/lease";
import { measureLog } from "@drawchat/redis/log";
import { sleep } from "@drawchat/runtime/backoff";
import { PartitionWriter, type PartitionWriterOptions } from "./partition-writer.ts";

const SAMPLE_MS = 2_000;

export interface WriterOptions extends Omit<PartitionWriterOptions, "partition"> {
  writerId: string;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #leases: Leases;
  readonly #serving = new Map<number, PartitionWriter>();
  /** Lost partitions whose last batch is not finished yet. */
  readonly #ending = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #sampling: Promise<void> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#leases = new Leases({
      redis: options.redis,
      owner: options.writerId,
      log: options.log,
      onGained: (partition) => this.#serve(partition),
      onLost: (partition) => this.#leave(partition),
    });
  }

  start(): void {
    this.#leases.start();
    this.#sampling ??= this.#sample();
  }

  /** Finishes the batches in hand, then gives its partitions to others. */
  async stop(): Promise<void> {
    const { log } = this.#options;
    this.#stopping.abort();
    await this.#leases.stop();
    for (const partition of this.#serving.keys()) this.#leave(partition);
    await Promise.all([this.#sampling, ...this.#ending]);
    try {
      await this.#leases.release();
    } catch (error) {
      log.debug({ component: "live_chat", err: error }, "leases not released, they run out by themselves");
    }
  }

  /** Those that it serves now. */
  get partitions(): number[] {
    return [...this.#serving.keys()];
  }

  /** True while some partition cannot be stored. */
  get isFailing(): boolean {
    return [...this.#serving.values()].some((writer) => writer.isFailing);
  }

  #serve(partition: number): void {
    const writer = new PartitionWriter({ ...this.#options, partition });
    this.#serving.set(partition, writer);
    writer.start();
  }

  #leave(partition: number): void {
    const writer = this.#serving.get(partition);
    if (writer === undefined) return;
    this.#serving.delete(partition);
    const { metrics } = this.#options;
    metrics.logEntries.remove({ partition });
    metrics.logAge.remove({ partition });
    const ended = writer.stop().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }

  /** Keeps the gauges. A Redis that is away leaves those of the logs as they were. */
  async #sample(): Promise<void> {
    const { signal } = this.#stopping;
    const { metrics, rebuilds, log } = this.#options;
    while (!signal.aborted) {
      metrics.partitions.set(this.#serving.size);
      metrics.rebuildsPending.set(rebuilds.pending);
      try {
        await Promise.all([...this.#serving.keys()].map((partition) => this.#sampleLog(partition)));
      } catch (error) {
        log.debug({ component: "live_chat", err: error }, "logs not measured");
      }
      await sleep(SAMPLE_MS, signal);
    }
  }

  async #sampleLog(partition: number): Promise<void> {
    const { redis, metrics } = this.#options;
    const { entries, oldestId } = await measureLog(redis, partition);
    if (!this.#serving.has(partition)) return; // another writer's by now
    metrics.logEntries.set({ partition }, entries);
    metrics.logAge.set({ partition }, oldestId === undefined ? 0 : Math.max(0, Date.now() - idTimeMs(oldestId)) / 1_000);
  }
}
