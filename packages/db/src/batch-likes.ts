/** Likes of a batch: rows first, then the columns, moved by the rows that were really inserted. */
import { idCreatedAt } from "@drawchat/protocol/ids";
import type pg from "pg";
import type { LikeToStore } from "./batch-rows.ts";

const INSERT = `
  INSERT INTO live_chat_likes (session_id, message_id, user_id, created_at)
  SELECT session_id, message_id, user_id, created_at
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[]) AS l (session_id, message_id, user_id, created_at)
  ORDER BY session_id, message_id NULLS FIRST, user_id
  ON CONFLICT DO NOTHING
  RETURNING session_id, message_id, user_id`;

interface LikeKey {
  session_id: number;
  message_id: number | null;
  user_id: number;
}

/** Inserts; resolves with those that were not there before. The caller has locked what is liked. */
export async function insertLikes(client: pg.PoolClient, likes: readonly LikeToStore[]): Promise<LikeToStore[]> {
  const byKey = new Map<string, LikeToStore>();
  for (const like of likes) {
    const key = keyOf({ session_id: like.sessionId, message_id: like.messageId, user_id: like.origin.userId });
    if (!byKey.has(key)) byKey.set(key, like);
  }
  const unique = [...byKey.values()];
  const { rows } = await client.query<LikeKey>(INSERT, [
    unique.map((like) => like.sessionId),
    unique.map((like) => like.messageId),
    unique.map((like) => like.origin.userId),
    unique.map((like) => idCreatedAt(like.origin.id)),
  ]);
  return rows.flatMap((row) => byKey.get(keyOf(row)) ?? []);
}

function keyOf({ session_id, message_id, user_id }: LikeKey): string {
  return `${session_id}:${message_id ?? "s"}:${user_id}`;
}

/** How many of these likes each message got. */
export function likesPerMessage(likes: readonly LikeToStore[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { messageId } of likes) {
    if (messageId !== null) counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
  }
  return counts;
}

/** How many of these likes each session itself got. */
export function likesPerSession(likes: readonly LikeToStore[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { messageId, sessionId } of likes) {
    if (messageId === null) counts.set(sessionId, (counts.get(sessionId) ?? 0) + 1);
  }
  return counts;
}

/** Adds to the messages' columns, then reads the columns of everything touched: locked, so this is what gets committed. */
export async function addMessageLikes(
  client: pg.PoolClient,
  added: ReadonlyMap<number, number>,
  touched: readonly number[],
): Promise<Map<number, number>> {
  if (added.size > 0) {
    await client.query(
      `UPDATE live_chat_messages m SET likes = m.likes + a.likes
       FROM unnest($1::bigint[], $2::bigint[]) AS a (id, likes) WHERE m.id = a.id`,
      [[...added.keys()], [...added.values()]],
    );
  }
  if (touched.length === 0) return new Map();
  const { rows } = await client.query<{ id: number; likes: number }>(
    "SELECT id, likes FROM live_chat_messages WHERE id = ANY($1::bigint[])",
    [touched],
  );
  return new Map(rows.map((row) => [row.id, row.likes]));
}
