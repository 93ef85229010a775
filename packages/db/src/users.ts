/** Everybody who was ever here. A row is made from the token of the first call, and follows the tokens of later ones. */
import type { UserRole } from "@drawchat/protocol/conversations";
import { type RawBuilder, sql } from "kysely";
import type { Db } from "./connect.ts";
import { addJob } from "./job-queue.ts";
import type { UserRow } from "./tables.ts";

/** A user as a token has them. */
export interface TokenUser {
  readonly userId: number;
  readonly username: string;
  readonly profilePic: string | null;
  readonly role: UserRole;
}

/**
 * The user's row after this token was seen: made where there is none; name and picture follow the token until they were
 * edited, the role always does. A bot's row is a bot's: nobody else's token changes it. Writes only where something differs.
 */
export async function seeUser(db: Db, user: TokenUser): Promise<UserRow> {
  const known = await findUser(db, user.userId);
  if (known !== undefined && (isAsToken(known, user) || isAnothersBot(known, user))) return known;
  return db
    .insertInto("users")
    .values({ id: user.userId, username: user.username, profile_pic: user.profilePic, role: user.role, last_seen_at: null })
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet({
        username: unlessEdited("username"),
        profile_pic: unlessEdited("profile_pic"),
        role: user.role,
        updated_at: sql<Date>`now()`,
      }),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
}

function isAsToken(row: UserRow, { username, profilePic, role }: TokenUser): boolean {
  return row.role === role && (row.is_edited || (row.username === username && row.profile_pic === profilePic));
}

function isAnothersBot(row: UserRow, { role }: TokenUser): boolean {
  return row.role === "bot" && role !== "bot";
}

function unlessEdited(column: "username" | "profile_pic"): RawBuilder<string> {
  return sql<string>`CASE WHEN users.is_edited THEN ${sql.ref(`users.${column}`)} ELSE ${sql.ref(`excluded.${column}`)} END`;
}

export function findUser(db: Db, id: number): Promise<UserRow | undefined> {
  return db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst();
}

export interface UserPageRequest {
  /** The beginning of a name, in whatever case. */
  q: string | undefined;
  role: UserRole | undefined;
  after: number | undefined;
  limit: number;
}

/** A page of users by id, above `after`. */
export function usersQuery(db: Db, { q, role, after, limit }: UserPageRequest) {
  return db
    .selectFrom("users")
    .selectAll()
    .$if(q !== undefined, (query) => query.where(sql<boolean>`lower(username) LIKE lower(${likePrefix(q ?? "")})`))
    .$if(role !== undefined, (query) => query.where("role", "=", role ?? "customer"))
    .$if(after !== undefined, (query) => query.where("id", ">", after ?? 0))
    .orderBy("id")
    .limit(limit);
}

function likePrefix(text: string): string {
  return `${text.replaceAll(/[\\%_]/g, "\\$&")}%`;
}

/** Whether two users are in a conversation together now. */
export async function sharesConversation(db: Db, userId: number, otherId: number): Promise<boolean> {
  const row = await db
    .selectFrom("conversation_participants as mine")
    .innerJoin("conversation_participants as theirs", "theirs.conversation_id", "mine.conversation_id")
    .select("mine.conversation_id")
    .where("mine.user_id", "=", userId)
    .where("mine.left_at", "is", null)
    .where("theirs.user_id", "=", otherId)
    .where("theirs.left_at", "is", null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export interface UserEdit {
  username?: string | undefined;
  /** null removes the picture. */
  profilePic?: string | null | undefined;
  isActive?: boolean | undefined;
}

/**
 * The row as it is then, with the job that tells gateways. Undefined: unknown. A name or picture that was edited is not
 * changed by tokens any more.
 */
export function editUser(db: Db, id: number, { username, profilePic, isActive }: UserEdit): Promise<UserRow | undefined> {
  return db.transaction().execute(async (trx) => {
    await addJob(trx, { name: "tell_user", payload: { user_id: id }, key: `tell_user:${id}` });
    return trx
      .updateTable("users")
      .set({
        ...(username === undefined ? {} : { username }),
        ...(profilePic === undefined ? {} : { profile_pic: profilePic }),
        ...(username === undefined && profilePic === undefined ? {} : { is_edited: true }),
        ...(isActive === undefined ? {} : { is_active: isActive }),
        updated_at: sql<Date>`now()`,
      })
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst();
  });
}
