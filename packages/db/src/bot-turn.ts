/** What the bot must know to answer a customer's message, and whether it still should. */
import type { ConversationMessage } from "@drawchat/protocol/conversations";
import { sql } from "kysely";
import type { Db } from "./connect.ts";
import { type ConversationMessageRow, MESSAGE_COLUMNS, toConversationMessage } from "./conversation-events.ts";

export interface BotQuestion {
  readonly conversationId: number;
  readonly messageId: number;
  readonly botUserId: number;
  /** That of the bot's answer to this message. */
  readonly answerClientId: string;
}

export interface BotTurn {
  readonly message: ConversationMessage;
  /** No customer has said anything in the conversation before. */
  readonly isFirst: boolean;
  /** Its answer is stored already. */
  readonly isAnswered: boolean;
}

/**
 * Undefined where it is not the bot's turn: the bot is off, the message is gone or not a customer's, or an agent has
 * answered it.
 */
export async function findBotTurn(db: Db, question: BotQuestion): Promise<BotTurn | undefined> {
  const { conversationId, messageId, botUserId, answerClientId } = question;
  const said = (where: string) => sql<boolean>`EXISTS (
    SELECT 1 FROM conversation_messages o WHERE o.conversation_id = m.conversation_id AND NOT o.is_note AND ${sql.raw(where)})`;
  const row = await db
    .selectFrom("conversation_messages as m")
    .innerJoin("conversations as c", "c.id", "m.conversation_id")
    .select(MESSAGE_COLUMNS.map((column) => `m.${column}` as const))
    .select([
      said("o.id < m.id AND o.role = 'customer'").as("was_spoken_before"),
      said("o.id > m.id AND o.role IN ('agent', 'admin')").as("is_overtaken"),
      sql<boolean>`EXISTS (
        SELECT 1 FROM conversation_messages o
        WHERE o.conversation_id = m.conversation_id AND NOT o.is_note AND o.user_id = ${botUserId} AND o.client_id = ${answerClientId})`.as(
        "is_answered",
      ),
    ])
    .where("m.id", "=", messageId)
    .where("m.conversation_id", "=", conversationId)
    .where("m.is_note", "=", false)
    .where("m.deleted_at", "is", null)
    .where("m.role", "=", "customer")
    .where("m.user_id", "<>", botUserId)
    .where("c.is_bot_on", "=", true)
    .executeTakeFirst();
  if (row === undefined || row.is_overtaken) return undefined;
  return { message: toConversationMessage(row), isFirst: !row.was_spoken_before, isAnswered: row.is_answered };
}

/** What was said before a message, oldest first, `limit` at most; deleted ones are left out, and notes. */
export async function listSaidBefore(db: Db, message: ConversationMessage, limit: number): Promise<ConversationMessage[]> {
  const rows: ConversationMessageRow[] = await db
    .selectFrom("conversation_messages")
    .select(MESSAGE_COLUMNS)
    .where("conversation_id", "=", message.conversation_id)
    .where("id", "<", message.id)
    .where("is_note", "=", false)
    .where("deleted_at", "is", null)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.reverse().map(toConversationMessage);
}
