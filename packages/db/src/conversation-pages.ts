/** Messages of a conversation page by page, each page in one query that also tells how the reader stands to it. */
import { type RawBuilder, sql } from "kysely";
import type { Db } from "./connect.ts";
import { type ConversationMessageRow, MESSAGE_COLUMNS } from "./conversation-events.ts";

/** `said`: what participants say to each other; `notes`: the agents' private ones; `all`: both, merged by id. */
export type MessageScope = "said" | "notes" | "all";

export interface MessagePageRequest {
  conversationId: number;
  viewerId: number;
  scope: MessageScope;
  /** The newest below this id; or the oldest above that one; or the newest of all. */
  before?: number | undefined;
  after?: number | undefined;
  limit: number;
}

export interface StoredPage {
  /** Oldest first. */
  readonly rows: ConversationMessageRow[];
  readonly isMember: boolean;
  /** Whether there are messages on the side of `before` or `after` that was not asked for. */
  readonly hasOtherSide: boolean;
}

/** Undefined: there is no such conversation. A page with nothing on it takes a second query. */
export async function readStoredPage(db: Db, request: MessagePageRequest): Promise<StoredPage | undefined> {
  const found = await messagePageQuery(db, request).execute();
  const [head] = found.length > 0 ? found : await emptyPageQuery(db, request).execute();
  if (head === undefined) return undefined;
  const rows = found.map(({ is_member, has_other_side, ...row }) => row);
  if (request.after === undefined) rows.reverse();
  return { rows, isMember: head.is_member, hasOtherSide: head.has_other_side };
}

/** Walks along the index of a conversation's messages by id, to either side. */
export function messagePageQuery(db: Db, request: MessagePageRequest) {
  const { conversationId, scope, before, after, limit } = request;
  return db
    .selectFrom("conversation_messages as m")
    .select(MESSAGE_COLUMNS)
    .select([isMember(request).as("is_member"), hasOtherSide(request).as("has_other_side")])
    .where("m.conversation_id", "=", conversationId)
    .where(isIn(scope, "m"))
    .$if(before !== undefined, (query) => query.where("m.id", "<", before ?? 0))
    .$if(after !== undefined, (query) => query.where("m.id", ">", after ?? 0))
    .orderBy("m.id", after === undefined ? "desc" : "asc")
    .limit(limit);
}

function emptyPageQuery(db: Db, request: MessagePageRequest) {
  return db
    .selectFrom("conversations")
    .select([isMember(request).as("is_member"), hasOtherSide(request).as("has_other_side")])
    .where("id", "=", request.conversationId);
}

function isMember({ conversationId, viewerId }: MessagePageRequest): RawBuilder<boolean> {
  return sql<boolean>`EXISTS (
    SELECT 1 FROM conversation_participants p
    WHERE p.conversation_id = ${conversationId} AND p.user_id = ${viewerId} AND p.left_at IS NULL)`;
}

function hasOtherSide({ conversationId, scope, before, after }: MessagePageRequest): RawBuilder<boolean> {
  if (before === undefined && after === undefined) return sql<boolean>`false`;
  const side =
    before === undefined
      ? sql`o.id <= ${after} AND ${isIn(scope, "o")} ORDER BY o.id DESC`
      : sql`o.id >= ${before} AND ${isIn(scope, "o")} ORDER BY o.id`;
  return sql<boolean>`(SELECT o.id FROM conversation_messages o WHERE o.conversation_id = ${conversationId} AND ${side} LIMIT 1) IS NOT NULL`;
}

function isIn(scope: MessageScope, table: string): RawBuilder<boolean> {
  if (scope === "all") return sql<boolean>`true`;
  const isNote = sql.ref(`${table}.is_note`);
  return scope === "notes" ? sql<boolean>`${isNote}` : sql<boolean>`NOT ${isNote}`;
}

/** A message or note, a tombstone too. Undefined: there is none with this id in this conversation. */
export function findConversationMessage(
  db: Db,
  { conversationId, messageId }: { conversationId: number; messageId: number },
): Promise<ConversationMessageRow | undefined> {
  return db
    .selectFrom("conversation_messages")
    .select(MESSAGE_COLUMNS)
    .where("id", "=", messageId)
    .where("conversation_id", "=", conversationId)
    .executeTakeFirst();
}
