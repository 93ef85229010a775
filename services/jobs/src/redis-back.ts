/**
 * What waits for Redis is due when Redis is back. A job that failed because Redis was away is run again after a delay that
 * grows with the outage; but until it has run, somebody who was taken out of a conversation is still heard in it.
 */
import type { Database } from "@drawchat/db/connect";
import { describeError } from "@drawchat/db/postgres-errors";
import { onConnected, type RedisClient } from "@drawchat/redis/connect";
import type { Log } from "@drawchat/runtime/log";

/** They do nothing but tell Redis what is committed. */
const WAITING = ["apply_policy", "apply_membership", "tell_user"];

const MAKE_DUE = `
  SELECT count(*) AS due, graphile_worker.reschedule_jobs(array_agg(id), run_at := now())
  FROM graphile_worker.jobs
  WHERE task_identifier = ANY ($1::text[]) AND locked_at IS NULL AND attempts > 0 AND attempts < max_attempts AND run_at > now()
  HAVING count(*) > 0`;

export interface RedisBackOptions {
  pool: Database["pool"];
  redis: RedisClient;
  log: Log;
}

/** From now on, at each connection to Redis that comes after a lost one. */
export function hurryWhenRedisIsBack(options: RedisBackOptions): void {
  onConnected(options.redis, () => void makeDue(options));
}

/** Never rejects: where Postgres is away too, the jobs run when their time has come. */
export async function makeDue({ pool, log }: Omit<RedisBackOptions, "redis">): Promise<void> {
  try {
    await pool.query(MAKE_DUE, [WAITING]);
  } catch (error) {
    log.warn({ component: "process", err: describeError(error) }, "jobs that waited for redis run at their time");
  }
}
