/** Reading likes. Postgres is the truth about who liked what; the sets in Redis are a filter before it. */
import type { Db } from "./connect.ts";

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
