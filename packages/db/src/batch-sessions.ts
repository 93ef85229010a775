/** How a batch's transaction begins and ends, a round trip each: its session rows are locked first of all, and raised last. */
import type pg from "pg";
import { commit, queryAll } from "./transaction.ts";

/** First key of the advisory locks that writers take, a partition being the second: "draw" in ASCII. */
const LOCK_SPACE = 0x64726177;

/**
 * Begins; takes the partition's lock; then, having it, locks the sessions in id order. Resolves with the likes of each that
 * exists, which nobody else changes now. `undefined`: another writer holds the partition; nothing is locked.
 */
export async function beginWithSessions(
  client: pg.PoolClient,
  partition: number,
  ids: readonly number[],
): Promise<Map<number, number> | undefined> {
  const [, lock, sessions] = await queryAll(client, [
    "BEGIN",
    `SELECT set_config('drawchat.has_partition', pg_try_advisory_xact_lock(${LOCK_SPACE}, ${partition})::text, true) AS has_partition`,
    // Without the partition it would wait here for the writer that has it.
    `SELECT id, total_likes FROM live_chat_sessions
     WHERE current_setting('drawchat.has_partition')::boolean AND id = ANY(${bigints(ids)}) ORDER BY id FOR NO KEY UPDATE`,
  ]);
  if (lock?.rows[0]?.has_partition !== "true") return undefined;
  return new Map(sessions?.rows.map((row) => [row.id, row.total_likes]));
}

export interface SessionChange {
  id: number;
  likesAdded: number;
  /** 0: no sequenced event in the batch. */
  lastEventId: number;
}

/** Adds likes and raises the position that a restore starts from, and commits. */
export async function commitWithSessions(client: pg.PoolClient, changes: readonly SessionChange[]): Promise<void> {
  const [ids, likes, lastEventIds] = [
    changes.map((change) => change.id),
    changes.map((change) => change.likesAdded),
    changes.map((change) => change.lastEventId),
  ];
  const update = `
    UPDATE live_chat_sessions s
    SET total_likes = s.total_likes + c.likes, last_event_id = GREATEST(s.last_event_id, c.last_event_id)
    FROM unnest(${bigints(ids)}, ${bigints(likes)}, ${bigints(lastEventIds)}) AS c (id, likes, last_event_id)
    WHERE s.id = c.id AND (c.likes > 0 OR c.last_event_id > s.last_event_id)`;
  await commit(client, changes.length === 0 ? [] : [update]);
}

function bigints(numbers: readonly number[]): string {
  return `'{${numbers.join()}}'::bigint[]`;
}
