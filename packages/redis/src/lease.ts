/**
 * Which writer normally serves which partition. A lease saves work, it protects nothing: two writers on one partition
 * are kept apart by the advisory lock in Postgres, and what both write is idempotent.
 *
 * Each round: beat, count the living, take or give back until this one holds its fair share, renew. A dead writer's
 * leases run out and are taken in the next round of the others.
 */
import { PARTITIONS } from "@drawchat/protocol/ids";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { asNumber, defineScript } from "./script.ts";

const claimScript = defineScript(new URL("./lease.lua", import.meta.url));
const releaseScript = defineScript(new URL("./lease-release.lua", import.meta.url));
const beatScript = defineScript(new URL("./writer-beat.lua", import.meta.url));

const TTL_MS = 5_000;
const ROUND_MS = 1_000;

/** Takes or renews a lease. True: it is the owner's for another `ttlMs`. */
export async function claimLease(redis: RedisClient, partition: number, owner: string, ttlMs: number): Promise<boolean> {
  return asNumber(await claimScript.run(redis, [keys.writerLease(partition)], [owner, ttlMs])) === 1;
}

/** Gives a lease back; one that is not the owner's stays. */
export async function releaseLease(redis: RedisClient, partition: number, owner: string): Promise<boolean> {
  return asNumber(await releaseScript.run(redis, [keys.writerLease(partition)], [owner])) === 1;
}

export interface LeasesOptions {
  redis: RedisClient;
  /** Unique to this process. */
  owner: string;
  log: Log;
  onGained: (partition: number) => void;
  /** Another writer may serve it from now on. */
  onLost: (partition: number) => void;
  /** Life of a lease, and of a writer without a beat. A takeover takes this and one round at most. Default 5 s. */
  ttlMs?: number;
  /** Default 1 s. */
  roundMs?: number;
}

export class Leases {
  readonly #options: Required<LeasesOptions>;
  readonly #held = new Set<number>();
  readonly #stopping = new AbortController();
  /** Where this writer starts to look for free partitions: not where the others do. */
  readonly #offset = Math.floor(Math.random() * PARTITIONS);
  #loop: Promise<void> | undefined;

  constructor(options: LeasesOptions) {
    this.#options = { ttlMs: TTL_MS, roundMs: ROUND_MS, ...options };
  }

  get held(): ReadonlySet<number> {
    return this.#held;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends the rounds; the leases are kept until `release`, so that the batch in hand can be finished. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** Gives everything back, for others to take at once. */
  async release(): Promise<void> {
    const { redis, owner } = this.#options;
    const held = [...this.#held];
    this.#held.clear();
    await Promise.all([redis.zrem(keys.writers, owner), ...held.map((partition) => releaseLease(redis, partition, owner))]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        // What is held is served on: without Redis there is nothing to read, and after it the next round tells.
        this.#options.log.debug({ component: "live_chat", err: error }, "lease round failed, trying again");
      }
      await sleep(this.#options.roundMs, signal);
    }
  }

  async #round(): Promise<void> {
    const { redis, owner, ttlMs } = this.#options;
    const living = asNumber(await beatScript.run(redis, [keys.writers], [owner, ttlMs]));
    const share = Math.ceil(PARTITIONS / living);
    const held = [...this.#held];
    const surplus = held.slice(share);
    await Promise.all(held.slice(0, share).map((partition) => this.#renew(partition)));
    for (const partition of surplus) this.#lose(partition);
    await Promise.all(surplus.map((partition) => releaseLease(redis, partition, owner)));
    await this.#takeFree(share);
  }

  async #renew(partition: number): Promise<void> {
    const { redis, owner, ttlMs } = this.#options;
    if (!(await claimLease(redis, partition, owner, ttlMs))) this.#lose(partition);
  }

  async #takeFree(share: number): Promise<void> {
    const { redis, owner, ttlMs, onGained } = this.#options;
    for (let i = 0; i < PARTITIONS && this.#held.size < share; i++) {
      const partition = (this.#offset + i) % PARTITIONS;
      if (this.#held.has(partition) || !(await claimLease(redis, partition, owner, ttlMs))) continue;
      this.#held.add(partition);
      onGained(partition);
    }
  }

  #lose(partition: number): void {
    if (this.#held.delete(partition)) this.#options.onLost(partition);
  }
}
