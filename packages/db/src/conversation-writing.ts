/**
 * What every change of a conversation is made of. It holds the row's lock from its beginning, so that changes and the
 * writer, which locks the row too, follow each other. What changes who is in a conversation, or whether the bot answers
 * in it, raises `policy_version` and leaves an `apply_membership` job in the same transaction: Redis follows even after
 * a crash. What the webhook is to be told is recorded there, too.
 */
import type { UserRole } from "@drawchat/protocol/conversations";
import { sql, type Updateable } from "kysely";
import type { Db } from "./connect.ts";
import { addJob } from "./job-queue.ts";
import { findMembership, type Membership } from "./membership.ts";
import type { ConversationRow, ConversationsTable } from "./tables.ts";
import { recordConversationEvent } from "./webhook-events.ts";

/** The members of a conversation are part of what every gateway holds of its room. */
export const MAX_PARTICIPANTS = 100;

export interface Person {
  readonly userId: number;
  readonly username: string;
  readonly role: UserRole;
}

/** Agents and admins. */
export const isStaff = ({ role }: Person): boolean => role === "agent" || role === "admin";

/** A change as committed. */
export interface ConversationChanged {
  readonly id: number;
  /** False: everything was like this already. */
  readonly isChanged: boolean;
  readonly joined: readonly Person[];
  readonly left: readonly Person[];
  /** What Redis is to be told; undefined where it knows all of this already. */
  readonly membership: Membership | undefined;
}

export function lockConversation(trx: Db, id: number): Promise<ConversationRow | undefined> {
  return trx.selectFrom("conversations").selectAll().where("id", "=", id).forNoKeyUpdate().executeTakeFirst();
}

/** Those of these users that there are and that were not deactivated. */
export async function findActivePeople(trx: Db, userIds: readonly number[]): Promise<Person[]> {
  const rows = await trx
    .selectFrom("users")
    .select(["id", "username", "role"])
    .where(sql<boolean>`id = ANY(${userIds}::bigint[])`)
    .where("is_active", "=", true)
    .orderBy("id")
    .execute();
  return rows.map(({ id, username, role }) => ({ userId: id, username, role }));
}

/**
 * Makes people participants; resolves with those that were none, or had another role when they came. What was said
 * before is unread by them, but not by `reader`, who saw it (undefined: nobody did).
 */
export async function addPeople(
  trx: Db,
  conversationId: number,
  { people, reader = 0 }: { people: readonly Person[]; reader?: number | undefined },
): Promise<Person[]> {
  const { rows } = await sql<{ user_id: number }>`
    INSERT INTO conversation_participants AS p (conversation_id, user_id, role, read_upto, last_activity_at)
    SELECT c.id, u.id, u.role, CASE WHEN u.id = ${reader} THEN coalesce(c.last_message_id, 0) ELSE 0 END, c.last_activity_at
    FROM conversations c, users u
    WHERE c.id = ${conversationId} AND u.id = ANY(${people.map(({ userId }) => userId)}::bigint[])
    ORDER BY u.id
    ON CONFLICT (conversation_id, user_id) DO UPDATE
    SET left_at = NULL, joined_at = CASE WHEN p.left_at IS NULL THEN p.joined_at ELSE now() END, role = excluded.role,
        read_upto = greatest(p.read_upto, excluded.read_upto), last_activity_at = excluded.last_activity_at
    WHERE p.left_at IS NOT NULL OR p.role <> excluded.role
    RETURNING p.user_id`.execute(trx);
  const joined = new Set(rows.map((row) => row.user_id));
  if (joined.size > 0) await countUnread(trx, conversationId, [...joined]);
  return people.filter(({ userId }) => joined.has(userId));
}

async function countUnread(trx: Db, conversationId: number, userIds: readonly number[]): Promise<void> {
  await sql`
    UPDATE conversation_participants p SET unread_count = (
      SELECT count(*) FROM conversation_messages m
      WHERE m.conversation_id = p.conversation_id AND m.id > p.read_upto AND m.user_id <> p.user_id
        AND NOT m.is_note AND m.deleted_at IS NULL
    )
    WHERE p.conversation_id = ${conversationId} AND p.user_id = ANY(${userIds}::bigint[])`.execute(trx);
}

/** Whether it would have more than MAX_PARTICIPANTS with these. */
export async function isFullWith(trx: Db, conversationId: number, people: readonly Person[]): Promise<boolean> {
  if (people.length === 0) return false;
  const { others } = await trx
    .selectFrom("conversation_participants")
    .select(sql<number>`count(*)`.as("others"))
    .where("conversation_id", "=", conversationId)
    .where("left_at", "is", null)
    .where(sql<boolean>`user_id <> ALL(${people.map(({ userId }) => userId)}::bigint[])`)
    .executeTakeFirstOrThrow();
  return others + people.length > MAX_PARTICIPANTS;
}

export interface WrittenChange {
  columns?: Updateable<ConversationsTable>;
  joined?: readonly Person[];
  left?: readonly Person[];
  /** Record it for the webhook. */
  tellsWebhook: boolean;
}

/** Writes a change of a locked row, and what comes with it. Nothing is written where nothing changes. */
export async function writeChange(trx: Db, id: number, change: WrittenChange): Promise<ConversationChanged> {
  const { columns = {}, joined = [], left = [], tellsWebhook } = change;
  const isPolicyChange = joined.length + left.length > 0 || columns.is_bot_on !== undefined;
  if (!isPolicyChange && Object.keys(columns).length === 0) return unchanged(id);
  await trx
    .updateTable("conversations")
    .set((eb) => ({
      ...columns,
      version: eb("version", "+", 1),
      ...(isPolicyChange ? { policy_version: eb("policy_version", "+", 1) } : {}),
    }))
    .where("id", "=", id)
    .execute();
  if (tellsWebhook) {
    if (Object.keys(columns).length > 0) await recordConversationEvent(trx, { type: "conversation.updated", conversationId: id });
    for (const { userId } of joined) await recordConversationEvent(trx, { type: "participant.joined", conversationId: id, userId });
    for (const { userId } of left) await recordConversationEvent(trx, { type: "participant.left", conversationId: id, userId });
  }
  if (!isPolicyChange) return { ...unchanged(id), isChanged: true };
  await addJob(trx, { name: "apply_membership", payload: { conversation_id: id }, key: `apply_membership:${id}` });
  return { id, isChanged: true, joined, left, membership: await findMembership(trx, id) };
}

export function unchanged(id: number): ConversationChanged {
  return { id, isChanged: false, joined: [], left: [], membership: undefined };
}
