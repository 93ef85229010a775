/**
 * Wakes partitions that wait for their log: one blocking read over all of them, on a connection of its own. A partition
 * that begins to wait while a read is under way joins the next one, `BLOCK_MS` later at most.
 */

import type { RedisClient } from "@drawchat/redis/connect";
import { awaitEntries } from "@drawchat/redis/log";
import { Backoff, sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";

const BLOCK_MS = 100;

export class Doorbell {
  readonly #redis: RedisClient;
  readonly #log: Log;
  readonly #waiting = new Map<number, () => void>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(redis: RedisClient, log: Log) {
    this.#redis = redis;
    this.#log = log;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** Resolves when the partition's log holds something, or when the signal aborts. One waiter a partition. */
  async wait(partition: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    signal.addEventListener("abort", wake, { once: true });
    this.#waiting.set(partition, wake);
    await promise;
    signal.removeEventListener("abort", wake);
    // A successor may wait for the same partition by now.
    if (this.#waiting.get(partition) === wake) this.#waiting.delete(partition);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff({ baseMs: 50, capMs: 1_000 });
    while (!signal.aborted) {
      if (this.#waiting.size === 0) {
        await sleep(BLOCK_MS, signal);
        continue;
      }
      try {
        const ringing = await awaitEntries(this.#redis, [...this.#waiting.keys()], BLOCK_MS);
        for (const partition of ringing) this.#waiting.get(partition)?.();
        backoff.reset();
      } catch (error) {
        this.#log.debug({ component: "live_chat", err: error }, "blocking read failed, trying again");
        await backoff.wait(signal);
      }
    }
  }
}
