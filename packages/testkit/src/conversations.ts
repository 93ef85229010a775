/** Rows of a conversation for a test, and of the users in it. */
import type { Db } from "@drawchat/db/connect";
import type { UserRole } from "@drawchat/protocol/conversations";

export interface TestMember {
  userId: number;
  /** Default: customer. */
  role?: UserRole;
}

export interface ConversationRows {
  /** Default: user 1, a customer. The first one made it. */
  members?: readonly TestMember[];
  /** Default: whether a bot is among the members. */
  isBotOn?: boolean;
}

/** Adds users that are missing, under the name `user 7`. */
export async function addUsers(db: Db, members: readonly TestMember[]): Promise<void> {
  await db
    .insertInto("users")
    .values(
      members.map(({ userId, role = "customer" }) => ({
        id: userId,
        username: `user ${userId}`,
        profile_pic: null,
        role,
        last_seen_at: null,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Resolves with the new conversation's id. */
export async function addConversation(db: Db, { members = [{ userId: 1 }], isBotOn }: ConversationRows = {}): Promise<number> {
  await addUsers(db, members);
  const { id } = await db
    .insertInto("conversations")
    .values({
      created_by: members[0]?.userId ?? 1,
      client_id: crypto.randomUUID(),
      is_bot_on: isBotOn ?? members.some(({ role }) => role === "bot"),
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  await db
    .insertInto("conversation_participants")
    .values(members.map(({ userId, role = "customer" }) => ({ conversation_id: id, user_id: userId, role, left_at: null })))
    .execute();
  return id;
}
