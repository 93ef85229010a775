/** Messages and notes as their rooms are made of them. */
import type { ConversationMessage } from "@drawchat/protocol/conversations";
import type { Selectable } from "kysely";
import type { Db } from "./connect.ts";
import type { ConversationMessagesTable } from "./tables.ts";

/** Every column but the search index's. */
export const MESSAGE_COLUMNS = [
  "id",
  "conversation_id",
  "is_note",
  "user_id",
  "client_id",
  "username",
  "profile_pic",
  "role",
  "message",
  "attachment",
  "created_at",
  "edited_at",
  "deleted_at",
  "last_event_id",
] as const satisfies readonly (keyof ConversationMessagesTable)[];

export type ConversationMessageRow = Pick<Selectable<ConversationMessagesTable>, (typeof MESSAGE_COLUMNS)[number]>;

/** The row as it goes over every wire, in the order of the protocol's fields. */
export function toConversationMessage(row: ConversationMessageRow): ConversationMessage {
  return {
    id: row.id,
    conversation_id: row.conversation_id,
    user_id: row.user_id,
    username: row.username,
    profile_pic: row.profile_pic,
    role: row.role,
    message: row.message,
    message_type: row.is_note ? "note" : "text",
    attachment: row.attachment,
    created_at: row.created_at.toISOString(),
    edited_at: row.edited_at?.toISOString() ?? null,
    deleted_at: row.deleted_at?.toISOString() ?? null,
  };
}

/**
 * The messages, or notes, that changed last (new, edited, deleted), the newest change first: whoever has all of these
 * has everything above the last one's `last_event_id`.
 */
export async function listLastChanged(
  db: Db,
  { conversationId, isNote, limit }: { conversationId: number; isNote: boolean; limit: number },
): Promise<ConversationMessageRow[]> {
  return await db
    .selectFrom("conversation_messages")
    .select(MESSAGE_COLUMNS)
    .where("conversation_id", "=", conversationId)
    .where("is_note", "=", isNote)
    .orderBy("last_event_id", "desc")
    .limit(limit)
    .execute();
}

/** The id under which a client's message, or note, is stored in a conversation, if it is. */
export async function findStoredConversationMessageId(
  db: Db,
  { conversationId, isNote, userId, clientId }: { conversationId: number; isNote: boolean; userId: number; clientId: string },
): Promise<number | undefined> {
  const row = await db
    .selectFrom("conversation_messages")
    .select("id")
    .where("conversation_id", "=", conversationId)
    .where("is_note", "=", isNote)
    .where("user_id", "=", userId)
    .where("client_id", "=", clientId)
    .executeTakeFirst();
  return row?.id;
}
