import { type Kysely, sql } from "kysely";

/** Figures of a session's audience, who is where by one index, and the dates whose daily draw was settled by hand. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE live_chat_sessions
      ADD COLUMN peak_viewers   bigint NOT NULL DEFAULT 0 CHECK (peak_viewers >= 0),
      ADD COLUMN unique_viewers bigint NOT NULL DEFAULT 0 CHECK (unique_viewers >= 0)`.execute(db);

  // One index for both questions: the active viewers of a session, and those of one gateway in it.
  await sql`CREATE INDEX live_chat_viewers_where ON live_chat_viewers (session_id, gateway_id) WHERE is_active`.execute(db);
  await sql`DROP INDEX live_chat_viewers_active`.execute(db);
  await sql`DROP INDEX live_chat_viewers_gateway`.execute(db);

  await sql`
    CREATE TABLE live_chat_settled_dates (
      draw_date       text PRIMARY KEY CHECK (draw_date ~ '^\\d{4}-\\d{2}-\\d{2}$'),
      created_at      timestamptz NOT NULL DEFAULT now()
    )`.execute(db);
}
