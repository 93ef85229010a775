import { type Kysely, sql } from "kysely";

/** One index for both questions: the active viewers of a session, and those of one gateway in it. Alone: it may take its time. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`CREATE INDEX live_chat_viewers_where ON live_chat_viewers (session_id, gateway_id) WHERE is_active`.execute(db);
  await sql`DROP INDEX live_chat_viewers_active`.execute(db);
  await sql`DROP INDEX live_chat_viewers_gateway`.execute(db);
}
