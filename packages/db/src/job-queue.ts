/** Adding background jobs. Inside a transaction: the job exists exactly where the transaction was committed. */
import { CompiledQuery } from "kysely";
import type pg from "pg";
import type { Db } from "./connect.ts";

/** Every job and what it carries. services/jobs runs them. */
export interface JobPayloads {
  /** Brings Redis up to a session's policy in Postgres: the safety net behind a direct call. */
  apply_policy: { session_id: number };
  /** Moves sessions on by time, and makes the daily draw's sessions. */
  session_schedule: Record<string, never>;
  /** Brings Redis up to who is in a conversation, and whether the bot answers in it: the net behind a direct call. */
  apply_membership: { conversation_id: number };
  /** Tells gateways that a user was edited or deactivated: the net behind a direct call. */
  tell_user: { user_id: number };
  /** Lets the bot answer a customer's message. */
  bot_reply: { conversation_id: number; message_id: number };
  /** Tells the webhook, in order, what happened in a conversation and was not told yet. */
  deliver_webhooks: { conversation_id: number };
  /** Removes what webhooks were told long ago, and looks after what was left lying. */
  sweep_webhooks: Record<string, never>;
  /** Removes files that no message has or will have, and those of deleted messages. */
  sweep_uploads: Record<string, never>;
  /** Removes files of which no row knows: somebody died between the two. */
  sweep_lost_files: Record<string, never>;
  /** Opens snoozed conversations whose time has come. */
  wake_conversations: Record<string, never>;
}

export interface NewJob<Name extends keyof JobPayloads = keyof JobPayloads> {
  name: Name;
  payload: JobPayloads[Name];
  /** Only one job of a key waits at a time; a newer one replaces it. One that runs already is followed by another. */
  key: string;
  /** Unix ms; absent: at once. */
  runAtMs?: number;
}

/** How often it is tried where 25 times (days) is too much. */
const MAX_ATTEMPTS: { readonly [Name in keyof JobPayloads]?: number } = { bot_reply: 10 }; // the last one after some three hours and a half

const ADD = `
  SELECT graphile_worker.add_job(identifier => name, payload => payload::json, job_key => key, run_at => run_at, max_attempts => attempts)
  FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::integer[]) AS job (name, payload, key, run_at, attempts)`;

export async function addJob<Name extends keyof JobPayloads>(db: Db, job: NewJob<Name>): Promise<void> {
  await db.executeQuery(CompiledQuery.raw(ADD, columnsOf([job])));
}

/** The same for many; a client may be in a transaction of its own. */
export async function addJobs(client: pg.Pool | pg.PoolClient, jobs: readonly NewJob[]): Promise<void> {
  if (jobs.length > 0) await client.query(ADD, columnsOf(jobs));
}

function columnsOf(jobs: readonly NewJob[]): unknown[][] {
  return [
    jobs.map(({ name }) => name),
    jobs.map(({ payload }) => JSON.stringify(payload)),
    jobs.map(({ key }) => key),
    jobs.map(({ runAtMs }) => (runAtMs === undefined ? null : new Date(runAtMs))),
    jobs.map(({ name }) => MAX_ATTEMPTS[name] ?? null),
  ];
}
