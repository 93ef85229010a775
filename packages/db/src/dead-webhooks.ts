/** Webhook events that were given up: for `npm run webhooks`. */
import type pg from "pg";
import { addJobs } from "./job-queue.ts";
import { inTransaction } from "./transaction.ts";
import { deliveryJob } from "./webhook-events.ts";

export interface DeadWebhook {
  readonly id: number;
  readonly conversationId: number;
  readonly type: string;
  readonly attempts: number;
  readonly error: string;
  readonly createdAt: Date;
  readonly deadAt: Date;
}

interface DeadRow {
  id: number;
  conversation_id: number;
  type: string;
  attempts: number;
  last_error: string | null;
  created_at: Date;
  dead_at: Date;
}

/** The oldest by id, `limit` at most, behind the id `after`. */
export async function listDeadWebhooks(pool: pg.Pool, { after, limit }: { after: number; limit: number }): Promise<DeadWebhook[]> {
  const { rows } = await pool.query<DeadRow>(
    `SELECT id, conversation_id, type, attempts, last_error, created_at, dead_at
     FROM webhook_events WHERE dead_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2`,
    [after, limit],
  );
  return rows.map((row) => ({
    id: row.id,
    conversationId: row.conversation_id,
    type: row.type,
    attempts: row.attempts,
    error: row.last_error ?? "",
    createdAt: row.created_at,
    deadAt: row.dead_at,
  }));
}

/**
 * Brings them back to be told, all of them where `ids` is undefined: before what is not told yet of their conversations,
 * after what was told meanwhile. Resolves with how many there were.
 */
export function reviveDeadWebhooks(pool: pg.Pool, ids: readonly number[] | undefined): Promise<number> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ conversation_id: number }>(
      `UPDATE webhook_events SET dead_at = NULL, attempts = 0, next_attempt_at = now()
       WHERE dead_at IS NOT NULL AND ($1::bigint[] IS NULL OR id = ANY($1::bigint[])) RETURNING conversation_id`,
      [ids ?? null],
    );
    await addJobs(client, [...new Set(rows.map((row) => row.conversation_id))].map(deliveryJob));
    return rows.length;
  });
}

/** Resolves with how many there were. */
export async function dropDeadWebhooks(pool: pg.Pool, ids: readonly number[] | undefined): Promise<number> {
  const { rowCount } = await pool.query(
    "DELETE FROM webhook_events WHERE dead_at IS NOT NULL AND ($1::bigint[] IS NULL OR id = ANY($1::bigint[]))",
    [ids ?? null],
  );
  return rowCount ?? 0;
}
