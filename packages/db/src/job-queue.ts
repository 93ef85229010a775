/** Adding background jobs. Inside a transaction: the job exists exactly where the transaction was committed. */
import { type RawBuilder, sql } from "kysely";
import type { Db } from "./connect.ts";

/** Every job and what it carries. services/jobs runs them. */
export interface JobPayloads {
  /** Brings Redis up to a session's policy in Postgres: the safety net behind a direct call. */
  apply_policy: { session_id: number };
  /** Moves sessions on by time, and makes the daily draw's sessions. */
  session_schedule: Record<string, never>;
}

export interface NewJob<Name extends keyof JobPayloads> {
  name: Name;
  payload: JobPayloads[Name];
  /** Only one job of a key waits at a time; a newer one replaces it. */
  key: string;
  /** Unix ms; absent: at once. */
  runAtMs?: number;
}

export async function addJob<Name extends keyof JobPayloads>(db: Db, { name, payload, key, runAtMs }: NewJob<Name>): Promise<void> {
  const runAt: RawBuilder<unknown> = runAtMs === undefined ? sql`NULL` : sql`${new Date(runAtMs)}::timestamptz`;
  await sql`
    SELECT graphile_worker.add_job(
      identifier => ${name}::text, payload => ${JSON.stringify(payload)}::json, job_key => ${key}::text, run_at => ${runAt}
    )`.execute(db);
}
