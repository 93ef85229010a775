/** What lists of conversations show, kept in columns: activity, the last message, unread counts. The conversations are locked. */
import { idCreatedAt } from "@drawchat/protocol/ids";
import type pg from "pg";
import type { DeletedMessage } from "./batch-conversation-messages.ts";
import type { ConversationBatch, ConversationMessageToStore, ReadToStore } from "./batch-rows.ts";

export interface ConversationChanges {
  ids: readonly number[];
  shown: readonly number[];
  batch: ConversationBatch;
  inserted: readonly ConversationMessageToStore[];
}

const CHANGE = `
  UPDATE conversations c
  SET version = c.version + n.is_shown::int,
      last_event_id = GREATEST(c.last_event_id, n.last_event_id),
      notes_last_event_id = GREATEST(c.notes_last_event_id, n.notes_last_event_id),
      last_message_id = GREATEST(c.last_message_id, n.last_message_id),
      last_activity_at = GREATEST(c.last_activity_at, n.active_at),
      status = CASE WHEN n.is_reopened THEN 'open' ELSE c.status END,
      snoozed_until = CASE WHEN n.is_reopened THEN NULL ELSE c.snoozed_until END
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::boolean[], $7::boolean[])
    AS n (id, last_event_id, notes_last_event_id, last_message_id, active_at, is_reopened, is_shown)
  WHERE c.id = n.id
  RETURNING c.id, old.status <> new.status AS is_reopened`;

/**
 * A customer's message opens a conversation again that was put aside: resolves with these. Notes leave no trace in what
 * customers see, the version included: `shown` are the conversations in which there is more than notes.
 */
export async function changeConversations(client: pg.PoolClient, { ids, shown, batch, inserted }: ConversationChanges): Promise<number[]> {
  if (ids.length === 0) return [];
  const said = inserted.filter(({ isNote }) => !isNote);
  const lastMessage = new Map(said.map(({ conversationId, origin }) => [conversationId, origin.id])); // sorted by id: the last one stays
  const reopened = new Set(said.filter(({ role }) => role === "customer").map(({ conversationId }) => conversationId));
  const lastEvent = (kind: "c" | "n", id: number) => batch.lastEventIds.get(`${kind}${id}`) ?? 0;
  const activeAt = (id: number | undefined) => (id === undefined ? null : idCreatedAt(id));
  const { rows } = await client.query<{ id: number; is_reopened: boolean }>(CHANGE, [
    ids,
    ids.map((id) => lastEvent("c", id)),
    ids.map((id) => lastEvent("n", id)),
    ids.map((id) => lastMessage.get(id) ?? null),
    ids.map((id) => activeAt(lastMessage.get(id))),
    ids.map((id) => reopened.has(id)),
    ids.map((id) => shown.includes(id)),
  ]);
  return rows.flatMap(({ id, is_reopened }) => (is_reopened ? [id] : []));
}

// A message is unread to every participant but its sender, where it lies above their mark.
const RAISE = `
  UPDATE conversation_participants p
  SET last_activity_at = c.last_activity_at,
      unread_count = p.unread_count + (
        SELECT count(*) FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS m (conversation_id, user_id, id)
        WHERE m.conversation_id = p.conversation_id AND m.user_id <> p.user_id AND m.id > p.read_upto)
  FROM conversations c
  WHERE c.id = ANY($1::bigint[]) AND p.conversation_id = c.id AND p.left_at IS NULL`;

/** New messages raise their participants' counts and place in lists. */
export async function raiseUnread(client: pg.PoolClient, inserted: readonly ConversationMessageToStore[]): Promise<void> {
  const said = inserted.filter(({ isNote }) => !isNote);
  if (said.length === 0) return;
  await client.query(RAISE, [
    [...new Set(said.map(({ conversationId }) => conversationId))],
    said.map(({ conversationId }) => conversationId),
    said.map(({ origin }) => origin.userId),
    said.map(({ origin }) => origin.id),
  ]);
}

const LOWER = `
  UPDATE conversation_participants p
  SET unread_count = GREATEST(0, p.unread_count - (
        SELECT count(*) FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS m (conversation_id, user_id, id)
        WHERE m.conversation_id = p.conversation_id AND m.user_id <> p.user_id AND m.id > p.read_upto))
  WHERE p.conversation_id = ANY($1::bigint[]) AND p.left_at IS NULL`;

/** A message that is a tombstone now is nothing to be read any more. */
export async function lowerUnread(client: pg.PoolClient, deleted: readonly DeletedMessage[]): Promise<void> {
  const said = deleted.filter(({ isNote }) => !isNote);
  if (said.length === 0) return;
  await client.query(LOWER, [
    said.map(({ conversationId }) => conversationId),
    said.map(({ userId }) => userId),
    said.map(({ messageId }) => messageId),
  ]);
}

const READ = `
  UPDATE conversation_participants p
  SET read_upto = r.upto,
      unread_count = (
        SELECT count(*) FROM conversation_messages m
        WHERE m.conversation_id = p.conversation_id AND m.id > r.upto AND m.user_id <> p.user_id
          AND NOT m.is_note AND m.deleted_at IS NULL)
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS r (id, conversation_id, user_id, upto)
  WHERE p.conversation_id = r.conversation_id AND p.user_id = r.user_id AND p.left_at IS NULL AND p.read_upto < r.upto
  RETURNING r.id`;

/** Marks move forward, and what is above them is counted anew. Resolves with the ids of the records that moved one. */
export async function applyReads(client: pg.PoolClient, reads: readonly ReadToStore[]): Promise<number[]> {
  const furthest = new Map<string, ReadToStore>();
  for (const read of reads) {
    const key = `${read.conversationId}:${read.origin.userId}`;
    if (read.upto > (furthest.get(key)?.upto ?? 0)) furthest.set(key, read);
  }
  const applied = [...furthest.values()];
  const { rows } = await client.query<{ id: number }>(READ, [
    applied.map((one) => one.origin.id),
    applied.map((one) => one.conversationId),
    applied.map((one) => one.origin.userId),
    applied.map((one) => one.upto),
  ]);
  return rows.map((row) => row.id);
}
