/** From presence in Redis to `users.last_seen_at`, and away with the lists of gateways that are gone. */
import type { Database } from "@drawchat/db/connect";
import { raiseLastSeen } from "@drawchat/db/last-seen";
import { describeError } from "@drawchat/db/postgres-errors";
import type { RedisClient } from "@drawchat/redis/connect";
import { drainSeen, removeDeadGateways } from "@drawchat/redis/presence";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";

const ROUND_MS = 5_000;

export interface LastSeenOptions {
  pool: Database["pool"];
  redis: RedisClient;
  log: Log;
}

/** Harmless to run in several processes. */
export class LastSeen {
  readonly #options: LastSeenOptions;
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: LastSeenOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when the round in hand is finished. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { pool, redis, log } = this.#options;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await removeDeadGateways(redis);
        while (!signal.aborted && (await drainSeen(redis, (seen) => raiseLastSeen(pool, seen))) > 0);
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 3) log.warn({ component: "conversations", err: describeError(error) }, "last seen not stored, retrying");
      }
      await sleep(ROUND_MS, signal);
    }
  }
}
