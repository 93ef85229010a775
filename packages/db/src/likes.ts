/** Reading likes. Postgres is the truth about who liked what; the sets in Redis are a filter before it. */
import type { Db } from "./connect.ts";

const MAX_LIKERS = 200_000;

/** Whether a user's like is stored; `messageId` null: of the session itself. */
export async function hasLiked(
  db: Db,
  { sessionId, messageId, userId }: { sessionId: number; messageId: number | null; userId: number },
): Promise<boolean> {
  const row = await db
    .selectFrom("live_chat_likes")
    .select("user_id")
    .where("session_id", "=", sessionId)
    .where("message_id", messageId === null ? "is" : "=", messageId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
  return row !== undefined;
}

/** Who liked the session itself and its newest messages; what the sets in Redis are filled from. At most 200,000 rows. */
export async function listLikers(
  db: Db,
  { sessionId, newestMessages }: { sessionId: number; newestMessages: number },
): Promise<{ messageId: number | null; userId: number }[]> {
  const newest = db
    .selectFrom("live_chat_messages")
    .select("id")
    .where("session_id", "=", sessionId)
    .orderBy("id", "desc")
    .limit(newestMessages);
  const rows = await db
    .selectFrom("live_chat_likes")
    .select(["message_id", "user_id"])
    .where("session_id", "=", sessionId)
    .where((where) => where.or([where("message_id", "is", null), where("message_id", "in", newest)]))
    .limit(MAX_LIKERS)
    .execute();
  return rows.map((row) => ({ messageId: row.message_id, userId: row.user_id }));
}
