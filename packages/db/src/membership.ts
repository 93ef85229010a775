/** Who is in a conversation and where its rooms stand, as Redis and sockets are told of it. */
import type { UserRole } from "@drawchat/protocol/conversations";
import type { Db } from "./connect.ts";

export interface StoredMember {
  readonly role: UserRole;
  /** Everything up to this event was read by them; 0: nothing. */
  readonly readUpto: number;
}

export interface Membership {
  /** The row's policy_version: a lower one changes nothing in Redis. */
  readonly version: number;
  readonly isBotOn: boolean;
  readonly members: ReadonlyMap<number, StoredMember>;
  /** Highest event id stored of its room, and of its notes'. */
  readonly lastEventId: number;
  readonly notesLastEventId: number;
  /** 0: none. */
  readonly lastMessageId: number;
}

/** As committed, at one instant. Undefined: there is no such conversation. */
export async function findMembership(db: Db, conversationId: number): Promise<Membership | undefined> {
  const rows = await db
    .selectFrom("conversations as c")
    .leftJoin("conversation_participants as p", (join) => join.onRef("p.conversation_id", "=", "c.id").on("p.left_at", "is", null))
    .select(["c.policy_version", "c.is_bot_on", "c.last_event_id", "c.notes_last_event_id", "c.last_message_id"])
    .select(["p.user_id", "p.role", "p.read_upto"])
    .where("c.id", "=", conversationId)
    .execute();
  const [first] = rows;
  if (first === undefined) return undefined;
  const members = new Map<number, StoredMember>();
  for (const { user_id, role, read_upto } of rows) {
    if (user_id !== null && role !== null) members.set(user_id, { role, readUpto: read_upto ?? 0 });
  }
  return {
    version: first.policy_version,
    isBotOn: first.is_bot_on,
    members,
    lastEventId: first.last_event_id,
    notesLastEventId: first.notes_last_event_id,
    lastMessageId: first.last_message_id ?? 0,
  };
}

/** How a user stands to a conversation. */
export interface Standing {
  readonly isMember: boolean;
}

/** Undefined: there is no such conversation. */
export async function findStanding(db: Db, conversationId: number, userId: number): Promise<Standing | undefined> {
  const row = await db
    .selectFrom("conversations as c")
    .leftJoin("conversation_participants as p", (join) =>
      join.onRef("p.conversation_id", "=", "c.id").on("p.user_id", "=", userId).on("p.left_at", "is", null),
    )
    .select("p.user_id")
    .where("c.id", "=", conversationId)
    .executeTakeFirst();
  return row && { isMember: row.user_id !== null };
}
