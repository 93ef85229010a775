/** The session rows of a batch: locked first of all, raised last. */
import type pg from "pg";

/** Locks the sessions in id order; resolves with those that exist. */
export async function lockSessions(client: pg.PoolClient, ids: readonly number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set();
  const { rows } = await client.query<{ id: number }>(
    "SELECT id FROM live_chat_sessions WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE",
    [ids],
  );
  return new Set(rows.map((row) => row.id));
}

export interface SessionChange {
  id: number;
  likesAdded: number;
  /** 0: no sequenced event in the batch. */
  lastEventId: number;
}

const UPDATE = `
  UPDATE live_chat_sessions s
  SET total_likes = s.total_likes + c.likes, last_event_id = GREATEST(s.last_event_id, c.last_event_id)
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS c (id, likes, last_event_id)
  WHERE s.id = c.id AND (c.likes > 0 OR c.last_event_id > s.last_event_id)`;

/** Adds likes and raises the position that a restore starts from. */
export async function changeSessions(client: pg.PoolClient, changes: readonly SessionChange[]): Promise<void> {
  if (changes.length === 0) return;
  await client.query(UPDATE, [
    changes.map((change) => change.id),
    changes.map((change) => change.likesAdded),
    changes.map((change) => change.lastEventId),
  ]);
}

/** Each session's likes: of those that are locked, what gets committed. */
export async function readSessionLikes(client: pg.PoolClient, ids: readonly number[]): Promise<Map<number, number>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<{ id: number; total_likes: number }>(
    "SELECT id, total_likes FROM live_chat_sessions WHERE id = ANY($1::bigint[])",
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row.total_likes]));
}
