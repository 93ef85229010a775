/** Telling the webhook what was recorded (webhook-events.ts): what is next, what became of it, what is left. */
import type pg from "pg";

export interface WebhookEvent {
  readonly id: number;
  readonly conversationId: number;
  /** The same for the same event, always. */
  readonly key: string;
  readonly type: string;
  readonly payload: unknown;
  readonly createdAt: Date;
  /** Those that failed. */
  readonly attempts: number;
  readonly nextAttemptAt: Date;
  /** By the clock of Postgres. */
  readonly isDue: boolean;
}

interface EventRow {
  id: number;
  conversation_id: number;
  event_key: string;
  type: string;
  payload: unknown;
  created_at: Date;
  attempts: number;
  next_attempt_at: Date;
  is_due: boolean;
}

/** The oldest event of the conversation that is neither told nor dead, due or not. */
export async function nextWebhookEvent(client: pg.PoolClient, conversationId: number): Promise<WebhookEvent | undefined> {
  const { rows } = await client.query<EventRow>(
    `SELECT id, conversation_id, event_key, type, payload, created_at, attempts, next_attempt_at, next_attempt_at <= now() AS is_due
     FROM webhook_events WHERE conversation_id = $1 AND delivered_at IS NULL AND dead_at IS NULL ORDER BY id LIMIT 1`,
    [conversationId],
  );
  const [row] = rows;
  return (
    row && {
      id: row.id,
      conversationId: row.conversation_id,
      key: row.event_key,
      type: row.type,
      payload: row.payload,
      createdAt: row.created_at,
      attempts: row.attempts,
      nextAttemptAt: row.next_attempt_at,
      isDue: row.is_due,
    }
  );
}

export async function markDelivered(client: pg.PoolClient, id: number): Promise<void> {
  await client.query("UPDATE webhook_events SET delivered_at = now(), last_error = NULL WHERE id = $1", [id]);
}

/** Resolves with when it is tried again (Unix ms). */
export async function markFailed(
  client: pg.PoolClient,
  id: number,
  { error, retryAfterMs }: { error: string; retryAfterMs: number },
): Promise<number> {
  const { rows } = await client.query<{ next_attempt_at: Date }>(
    `UPDATE webhook_events SET attempts = attempts + 1, last_error = $2, next_attempt_at = now() + $3 * interval '1 millisecond'
     WHERE id = $1 RETURNING next_attempt_at`,
    [id, error, retryAfterMs],
  );
  return rows[0]?.next_attempt_at.getTime() ?? 0;
}

/** It is not tried again by itself, and what comes after it goes on. */
export async function markDead(client: pg.PoolClient, id: number, error: string): Promise<void> {
  await client.query("UPDATE webhook_events SET attempts = attempts + 1, last_error = $2, dead_at = now() WHERE id = $1", [id, error]);
}

export interface WebhookFigures {
  pending: number;
  /** Age of the oldest that is not told, in seconds; 0 where all are. */
  oldestSeconds: number;
  dead: number;
}

export async function webhookFigures(pool: pg.Pool): Promise<WebhookFigures> {
  const { rows } = await pool.query<{ pending: number; oldest: number; dead: number }>(
    `SELECT p.pending, p.oldest, d.dead
     FROM (SELECT count(*) AS pending, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS oldest
           FROM webhook_events WHERE delivered_at IS NULL AND dead_at IS NULL) p,
          (SELECT count(*) AS dead FROM webhook_events WHERE dead_at IS NOT NULL) d`,
  );
  return { pending: rows[0]?.pending ?? 0, oldestSeconds: rows[0]?.oldest ?? 0, dead: rows[0]?.dead ?? 0 };
}

/** Conversations whose next event should have been told some minutes ago. */
export async function listBelated(pool: pg.Pool): Promise<number[]> {
  const { rows } = await pool.query<{ conversation_id: number }>(
    `SELECT conversation_id FROM (
       SELECT DISTINCT ON (conversation_id) conversation_id, next_attempt_at FROM webhook_events
       WHERE delivered_at IS NULL AND dead_at IS NULL ORDER BY conversation_id, id) AS next
     WHERE next_attempt_at < now() - interval '5 minutes' ORDER BY conversation_id LIMIT 1000`,
  );
  return rows.map((row) => row.conversation_id);
}

const DELETED_AT_ONCE = 5_000;

/** Deletes what was told longer ago than this. Resolves with how many there were. */
export async function deleteDelivered(pool: pg.Pool, olderThanMs: number): Promise<number> {
  for (let deleted = 0; ; ) {
    const { rowCount } = await pool.query(
      `DELETE FROM webhook_events WHERE id IN (
         SELECT id FROM webhook_events WHERE delivered_at < now() - $1 * interval '1 millisecond' LIMIT ${DELETED_AT_ONCE})`,
      [olderThanMs],
    );
    deleted += rowCount ?? 0;
    if ((rowCount ?? 0) < DELETED_AT_ONCE) return deleted;
  }
}
