import { type Kysely, sql } from "kysely";

/** The dates whose daily draw was settled by hand, and figures of a session's audience. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE live_chat_settled_dates (
      draw_date       text PRIMARY KEY CHECK (draw_date ~ '^\\d{4}-\\d{2}-\\d{2}$'),
      created_at      timestamptz NOT NULL DEFAULT now()
    )`.execute(db);

  // Last: nobody reads a session from here to the commit.
  await sql`
    ALTER TABLE live_chat_sessions
      ADD COLUMN peak_viewers   bigint NOT NULL DEFAULT 0 CHECK (peak_viewers >= 0),
      ADD COLUMN unique_viewers bigint NOT NULL DEFAULT 0 CHECK (unique_viewers >= 0)`.execute(db);
}
