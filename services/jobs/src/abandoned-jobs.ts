/**
 * Jobs of a process that was killed: graphile-worker leaves them locked for four hours. Here every process holds an
 * advisory lock under the name of each of its pools of workers, on one connection, as long as it lives. Names that have
 * locked jobs and whose own lock is free are those of the dead: their jobs run again. Should a living one lose that
 * connection for a while, a job of its may run twice, which every job of ours takes without harm.
 */
import type { Database } from "@drawchat/db/connect";
import { describeError } from "@drawchat/db/postgres-errors";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import type pg from "pg";

const ROUND_MS = 2_000;
/** First key of the locks, a hash of the name being the second: "jobs" in ASCII. */
const LOCK_SPACE = 0x6a6f6273;
const HOLD = "SELECT pg_advisory_lock($1::int, hashtext(id)) FROM unnest($2::text[]) AS own (id)";
// A host that is gone without a word is noticed within half a minute.
const NOTICE = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";

// Jobs that were locked just now may be those of a process that has not come to taking its own locks yet.
const RELEASE = `
  WITH holders AS MATERIALIZED (
    SELECT DISTINCT locked_by AS id FROM graphile_worker.jobs
    WHERE locked_at < now() - interval '4 seconds' AND locked_by <> ALL ($2::text[])
  ), dead AS MATERIALIZED (
    SELECT id FROM holders WHERE pg_try_advisory_xact_lock($1::int, hashtext(id))
  )
  SELECT count(*) AS dead, graphile_worker.force_unlock_workers(array_agg(id)) FROM dead HAVING count(*) > 0`;

export interface AbandonedJobsOptions {
  pool: Database["pool"];
  /** Names of this process's own pools of workers. */
  ids: readonly string[];
  log: Log;
  /** Default 2,000. */
  roundMs?: number;
}

export class AbandonedJobs {
  readonly #options: AbandonedJobsOptions;
  readonly #stopping = new AbortController();
  #client: pg.PoolClient | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: AbandonedJobsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Call it when no worker of this process runs any more: its locks are given back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    this.#client?.release(true);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { roundMs = ROUND_MS } = this.#options;
    while (!signal.aborted) {
      try {
        this.#client ??= await this.#connect();
        await this.#release(this.#client);
      } catch (error) {
        this.#client?.release(true);
        this.#client = undefined;
        this.#options.log.debug({ component: "process", err: describeError(error) }, "abandoned jobs not looked for, retrying");
      }
      await sleep(roundMs, signal);
    }
  }

  async #connect(): Promise<pg.PoolClient> {
    const client = await this.#options.pool.connect();
    try {
      await client.query(NOTICE);
      await client.query(HOLD, [LOCK_SPACE, this.#options.ids]);
      return client;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async #release(client: pg.PoolClient): Promise<void> {
    const { rows } = await client.query<{ dead: number }>(RELEASE, [LOCK_SPACE, this.#options.ids]);
    const [found] = rows;
    if (found !== undefined) this.#options.log.info({ component: "process", workers: found.dead }, "jobs of dead workers run again");
  }
}
