/** Messages and notes of a batch: insert what is new, take over edits, make tombstones. Repeating any of it changes nothing. */
import { idCreatedAt } from "@drawchat/protocol/ids";
import type pg from "pg";
import type { ConversationDeleteToStore, ConversationMessageToStore, EditToStore } from "./batch-rows.ts";

const INSERT = `
  INSERT INTO conversation_messages
    (id, conversation_id, is_note, user_id, client_id, username, profile_pic, role, message, attachment, created_at, last_event_id)
  SELECT id, conversation_id, is_note, user_id, client_id, username, profile_pic, role, message, attachment::jsonb, created_at, id
  FROM unnest($1::bigint[], $2::bigint[], $3::boolean[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::text[], $11::timestamptz[])
    AS m (id, conversation_id, is_note, user_id, client_id, username, profile_pic, role, message, attachment, created_at)
  ORDER BY id
  ON CONFLICT DO NOTHING
  RETURNING id`;

/** Inserts; resolves with the ids of the rows that were not there before. */
export async function insertConversationMessages(
  client: pg.PoolClient,
  messages: readonly ConversationMessageToStore[],
): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(INSERT, [
    messages.map((m) => m.origin.id),
    messages.map((m) => m.conversationId),
    messages.map((m) => m.isNote),
    messages.map((m) => m.origin.userId),
    messages.map((m) => m.origin.clientId),
    messages.map((m) => m.username),
    messages.map((m) => m.profilePic),
    messages.map((m) => m.role),
    messages.map((m) => m.message),
    messages.map((m) => m.attachment?.json ?? null),
    messages.map((m) => idCreatedAt(m.origin.id)),
  ]);
  return rows.map((row) => row.id);
}

/** The uploads of these messages are in a message now, each in the one that claimed it. */
export async function attachUploads(client: pg.PoolClient, messages: readonly ConversationMessageToStore[]): Promise<void> {
  const withUpload = messages.flatMap(({ origin, attachment }) => (attachment === null ? [] : [{ origin, uploadId: attachment.uploadId }]));
  if (withUpload.length === 0) return;
  await client.query(
    `UPDATE uploads u SET message_id = m.id
     FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS m (upload_id, client_id, id)
     WHERE u.id = m.upload_id AND u.claimed_by = m.client_id AND u.message_id IS NULL`,
    [
      withUpload.map(({ uploadId }) => uploadId),
      withUpload.map(({ origin }) => origin.clientId),
      withUpload.map(({ origin }) => origin.id),
    ],
  );
}

const EDIT = `
  UPDATE conversation_messages m SET message = e.message, edited_at = e.edited_at, last_event_id = e.id
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[])
    AS e (id, conversation_id, message_id, message, edited_at)
  WHERE m.id = e.message_id AND m.conversation_id = e.conversation_id AND m.deleted_at IS NULL AND m.last_event_id < e.id
  RETURNING e.id`;

/** Each message by the newest of its edits. Resolves with the ids of the events that changed a row. */
export async function applyEdits(client: pg.PoolClient, edits: readonly EditToStore[]): Promise<number[]> {
  const applied = newestOf(edits);
  const { rows } = await client.query<{ id: number }>(EDIT, [
    applied.map((one) => one.origin.id),
    applied.map((one) => one.conversationId),
    applied.map((one) => one.messageId),
    applied.map((one) => one.message),
    applied.map((one) => idCreatedAt(one.origin.id)),
  ]);
  return rows.map((row) => row.id);
}

export interface DeletedMessage {
  eventId: number;
  messageId: number;
  conversationId: number;
  userId: number;
  isNote: boolean;
}

// Without a look at last_event_id: a deletion holds against an edit that was accepted after it, as on every screen.
const DELETE = `
  UPDATE conversation_messages m
  SET deleted_at = d.deleted_at, message = '', attachment = NULL, last_event_id = GREATEST(m.last_event_id, d.id)
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[]) AS d (id, conversation_id, message_id, deleted_at)
  WHERE m.id = d.message_id AND m.conversation_id = d.conversation_id AND m.deleted_at IS NULL
  RETURNING d.id AS "eventId", m.id AS "messageId", m.conversation_id AS "conversationId", m.user_id AS "userId", m.is_note AS "isNote"`;

/** Makes tombstones: the text and the file are gone from the row. Resolves with those that were none before. */
export async function applyConversationDeletes(
  client: pg.PoolClient,
  deletes: readonly ConversationDeleteToStore[],
): Promise<DeletedMessage[]> {
  const applied = newestOf(deletes);
  const { rows } = await client.query<DeletedMessage>(DELETE, [
    applied.map((one) => one.origin.id),
    applied.map((one) => one.conversationId),
    applied.map((one) => one.messageId),
    applied.map((one) => idCreatedAt(one.origin.id)),
  ]);
  return rows;
}

/** A statement may change a row once: of several changes to one message the newest counts. In the order of the messages. */
function newestOf<Change extends { origin: { id: number }; messageId: number }>(changes: readonly Change[]): Change[] {
  const newest = new Map<number, Change>();
  for (const change of changes) {
    if (change.origin.id > (newest.get(change.messageId)?.origin.id ?? 0)) newest.set(change.messageId, change);
  }
  return [...newest.values()].sort((a, b) => a.messageId - b.messageId);
}
