/** Reading live messages. The writer alone writes them. */
import type { ChatMessage } from "@drawchat/protocol/frames";
import type { Db } from "./connect.ts";
import type { MessageRow } from "./tables.ts";

export function toChatMessage(row: MessageRow): ChatMessage {
  return {
    id: row.id,
    user_id: row.user_id,
    username: row.username,
    profile_pic: row.profile_pic,
    message: row.message,
    message_type: row.message_type,
    likes: row.likes,
    created_at: row.created_at.toISOString(),
    is_winner: row.is_winner,
    is_host: row.is_host,
  };
}

/** A page of a session's messages, newest first, below the id `before`; deleted ones are left out. */
export async function listMessages(
  db: Db,
  { sessionId, before, limit }: { sessionId: number; before: number | undefined; limit: number },
): Promise<ChatMessage[]> {
  const rows = await db
    .selectFrom("live_chat_messages")
    .selectAll()
    .where("session_id", "=", sessionId)
    .$if(before !== undefined, (query) => query.where("id", "<", before ?? 0))
    .where("deleted_at", "is", null)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map(toChatMessage);
}

/** Which of these messages are stored as deleted. */
export async function listDeletedIds(db: Db, ids: readonly number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set();
  const rows = await db.selectFrom("live_chat_messages").select("id").where("id", "in", ids).where("deleted_at", "is not", null).execute();
  return new Set(rows.map((row) => row.id));
}

export interface StoredMessage {
  readonly sessionId: number;
  readonly likes: number;
  readonly isDeleted: boolean;
}

export async function findMessage(db: Db, id: number): Promise<StoredMessage | undefined> {
  const row = await db
    .selectFrom("live_chat_messages")
    .select(["session_id", "likes", "deleted_at"])
    .where("id", "=", id)
    .executeTakeFirst();
  return row && { sessionId: row.session_id, likes: row.likes, isDeleted: row.deleted_at !== null };
}

/** The id under which a client's message is stored, if it is. */
export async function findStoredId(
  db: Db,
  { sessionId, userId, clientId }: { sessionId: number; userId: number; clientId: string },
): Promise<number | undefined> {
  const row = await db
    .selectFrom("live_chat_messages")
    .select("id")
    .where("session_id", "=", sessionId)
    .where("user_id", "=", userId)
    .where("client_id", "=", clientId)
    .executeTakeFirst();
  return row?.id;
}

/** A stored message with what only the server knows of it. */
export interface StoredEvent {
  readonly message: ChatMessage;
  readonly clientId: string;
  readonly isDeleted: boolean;
}

/** The session's newest messages for a restore, oldest first, deleted ones included and marked. */
export async function listLastEvents(db: Db, sessionId: number, limit: number): Promise<StoredEvent[]> {
  const rows = await db
    .selectFrom("live_chat_messages")
    .selectAll()
    .where("session_id", "=", sessionId)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.reverse().map((row) => ({ message: toChatMessage(row), clientId: row.client_id, isDeleted: row.deleted_at !== null }));
}

/** The likes columns of messages, by id; unknown ones are left out. */
export async function listLikeCounts(db: Db, ids: readonly number[]): Promise<Map<number, number>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom("live_chat_messages").select(["id", "likes"]).where("id", "in", ids).execute();
  return new Map(rows.map((row) => [row.id, row.likes]));
}
