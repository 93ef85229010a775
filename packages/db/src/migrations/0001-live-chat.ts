import { type Kysely, sql } from "kysely";

/** Sessions, messages, likes, viewers, dead letters. Limits of text are a superset of what gateways let through. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE live_chat_sessions (
      id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind            text NOT NULL CHECK (kind IN ('daily', 'explicit')),
      draw_date       text NOT NULL CHECK (draw_date ~ '^\\d{4}-\\d{2}-\\d{2}$'),
      draw_at         timestamptz NOT NULL UNIQUE,
      opens_at        timestamptz NOT NULL,
      closes_at       timestamptz NOT NULL,
      state           text NOT NULL DEFAULT 'scheduled' CHECK (state IN ('scheduled', 'open', 'closed', 'cancelled')),
      is_active       boolean NOT NULL DEFAULT false,
      total_likes     bigint NOT NULL DEFAULT 0 CHECK (total_likes >= 0),
      winners         bigint[] NOT NULL DEFAULT '{}',
      policy_version  bigint NOT NULL DEFAULT 1,
      last_event_id   bigint NOT NULL DEFAULT 0,
      created_at      timestamptz NOT NULL DEFAULT now(),
      CHECK (opens_at <= draw_at AND draw_at <= closes_at)
    )`.execute(db);
  await sql`CREATE INDEX live_chat_sessions_window ON live_chat_sessions (closes_at, draw_at)`.execute(db);
  await sql`CREATE INDEX live_chat_sessions_date ON live_chat_sessions (draw_date)`.execute(db);

  await sql`
    CREATE TABLE live_chat_messages (
      id              bigint PRIMARY KEY CHECK (id > 0),
      session_id      bigint NOT NULL REFERENCES live_chat_sessions (id),
      user_id         bigint NOT NULL,
      client_id       uuid NOT NULL,
      username        text NOT NULL CHECK (char_length(username) <= 100),
      profile_pic     text CHECK (char_length(profile_pic) <= 2048),
      message         text NOT NULL CHECK (char_length(message) BETWEEN 1 AND 500),
      message_type    text NOT NULL CHECK (char_length(message_type) <= 20),
      likes           bigint NOT NULL DEFAULT 0 CHECK (likes >= 0),
      is_winner       boolean NOT NULL,
      is_host         boolean NOT NULL,
      created_at      timestamptz NOT NULL,
      deleted_at      timestamptz,
      last_event_id   bigint NOT NULL,
      UNIQUE (session_id, user_id, client_id)
    )`.execute(db);
  await sql`CREATE INDEX live_chat_messages_page ON live_chat_messages (session_id, id DESC)`.execute(db);
  await sql`CREATE INDEX live_chat_messages_created ON live_chat_messages (created_at)`.execute(db);

  await sql`
    CREATE TABLE live_chat_likes (
      session_id      bigint NOT NULL REFERENCES live_chat_sessions (id),
      message_id      bigint REFERENCES live_chat_messages (id),
      user_id         bigint NOT NULL,
      created_at      timestamptz NOT NULL,
      UNIQUE NULLS NOT DISTINCT (session_id, message_id, user_id)
    )`.execute(db);

  await sql`
    CREATE TABLE live_chat_viewers (
      session_id      bigint NOT NULL REFERENCES live_chat_sessions (id),
      user_id         bigint NOT NULL,
      gateway_id      text NOT NULL,
      is_active       boolean NOT NULL,
      joined_at       timestamptz NOT NULL DEFAULT now(),
      last_seen_at    timestamptz NOT NULL DEFAULT now(),
      UNIQUE (session_id, user_id)
    )`.execute(db);
  await sql`CREATE INDEX live_chat_viewers_active ON live_chat_viewers (session_id) WHERE is_active`.execute(db);
  await sql`CREATE INDEX live_chat_viewers_gateway ON live_chat_viewers (gateway_id) WHERE is_active`.execute(db);

  await sql`
    CREATE TABLE dead_letters (
      event_id        bigint PRIMARY KEY,
      room            text NOT NULL,
      kind            text NOT NULL,
      user_id         bigint NOT NULL,
      client_id       text NOT NULL,
      body            bytea NOT NULL,
      error_code      text NOT NULL,
      error           text NOT NULL,
      created_at      timestamptz NOT NULL DEFAULT now()
    )`.execute(db);
}
