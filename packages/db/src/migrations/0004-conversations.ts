import { type Kysely, sql } from "kysely";

/** Users, conversations, their messages and uploads, and events for webhooks. New tables alone: nothing that serves is touched. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE users (
      id              bigint PRIMARY KEY CHECK (id > 0),
      username        text NOT NULL CHECK (char_length(username) BETWEEN 1 AND 100),
      profile_pic     text CHECK (char_length(profile_pic) <= 2048),
      role            text NOT NULL CHECK (role IN ('customer', 'agent', 'admin', 'bot')),
      is_active       boolean NOT NULL DEFAULT true,
      is_edited       boolean NOT NULL DEFAULT false,
      last_seen_at    timestamptz,
      created_at      timestamptz NOT NULL DEFAULT now(),
      updated_at      timestamptz NOT NULL DEFAULT now()
    )`.execute(db);
  await sql`CREATE INDEX users_by_role ON users (role, id)`.execute(db);
  await sql`CREATE INDEX users_by_name ON users (lower(username) text_pattern_ops, id)`.execute(db);

  await sql`
    CREATE TABLE conversations (
      id                    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      version               bigint NOT NULL DEFAULT 1,
      title                 text CHECK (char_length(title) BETWEEN 1 AND 200),
      status                text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'pending', 'snoozed', 'resolved')),
      snoozed_until         timestamptz,
      priority              text NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
      labels                text[] NOT NULL DEFAULT '{}',
      assignee_id           bigint REFERENCES users (id),
      is_bot_on             boolean NOT NULL DEFAULT false,
      created_by            bigint NOT NULL REFERENCES users (id),
      client_id             uuid NOT NULL,
      policy_version        bigint NOT NULL DEFAULT 1,
      last_event_id         bigint NOT NULL DEFAULT 0,
      notes_last_event_id   bigint NOT NULL DEFAULT 0,
      last_message_id       bigint,
      created_at            timestamptz NOT NULL DEFAULT now(),
      last_activity_at      timestamptz NOT NULL DEFAULT now(),
      UNIQUE (created_by, client_id)
    )`.execute(db);
  await sql`CREATE INDEX conversations_by_activity ON conversations (last_activity_at DESC, id DESC)`.execute(db);
  await sql`CREATE INDEX conversations_by_status ON conversations (status, last_activity_at DESC, id DESC)`.execute(db);
  await sql`CREATE INDEX conversations_by_assignee ON conversations (assignee_id, last_activity_at DESC, id DESC)`.execute(db);
  // Those that wait for somebody may be few among many.
  await sql`
    CREATE INDEX conversations_unassigned ON conversations (last_activity_at DESC, id DESC)
    WHERE assignee_id IS NULL`.execute(db);
  await sql`CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE status = 'snoozed'`.execute(db);

  // last_activity_at is that of the conversation: one index then serves a user's list by activity.
  await sql`
    CREATE TABLE conversation_participants (
      conversation_id   bigint NOT NULL REFERENCES conversations (id),
      user_id           bigint NOT NULL REFERENCES users (id),
      role              text NOT NULL CHECK (role IN ('customer', 'agent', 'admin', 'bot')),
      joined_at         timestamptz NOT NULL DEFAULT now(),
      left_at           timestamptz,
      read_upto         bigint NOT NULL DEFAULT 0,
      unread_count      integer NOT NULL DEFAULT 0 CHECK (unread_count >= 0),
      last_activity_at  timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (conversation_id, user_id)
    )`.execute(db);
  await sql`
    CREATE INDEX conversation_participants_list ON conversation_participants (user_id, last_activity_at DESC, conversation_id DESC)
    WHERE left_at IS NULL`.execute(db);
  await sql`
    CREATE INDEX conversation_participants_unread ON conversation_participants (user_id, last_activity_at DESC, conversation_id DESC)
    WHERE left_at IS NULL AND unread_count > 0`.execute(db);

  await sql`
    CREATE TABLE conversation_messages (
      id                bigint PRIMARY KEY CHECK (id > 0),
      conversation_id   bigint NOT NULL REFERENCES conversations (id),
      is_note           boolean NOT NULL,
      user_id           bigint NOT NULL,
      client_id         uuid NOT NULL,
      username          text NOT NULL CHECK (char_length(username) <= 100),
      profile_pic       text CHECK (char_length(profile_pic) <= 2048),
      role              text NOT NULL CHECK (role IN ('customer', 'agent', 'admin', 'bot')),
      message           text NOT NULL CHECK (char_length(message) <= 2000),
      attachment        jsonb,
      created_at        timestamptz NOT NULL,
      edited_at         timestamptz,
      deleted_at        timestamptz,
      last_event_id     bigint NOT NULL,
      words             tsvector GENERATED ALWAYS AS (to_tsvector('simple', message)) STORED,
      UNIQUE (conversation_id, is_note, user_id, client_id)
    )`.execute(db);
  await sql`CREATE INDEX conversation_messages_page ON conversation_messages (conversation_id, id DESC)`.execute(db);
  await sql`
    CREATE INDEX conversation_messages_notes ON conversation_messages (conversation_id, id DESC)
    WHERE is_note`.execute(db);
  // What a room comes back with: the newest changes, of old messages too.
  await sql`CREATE INDEX conversation_messages_events ON conversation_messages (conversation_id, last_event_id DESC)`.execute(db);
  // Whose files are to be removed.
  await sql`CREATE INDEX conversation_messages_deleted ON conversation_messages (id) WHERE deleted_at IS NOT NULL`.execute(db);
  await sql`CREATE INDEX conversation_messages_words ON conversation_messages USING gin (words)`.execute(db);

  // claimed_by: the client_id of the one message it may be in; message_id: that message, once stored.
  await sql`
    CREATE TABLE uploads (
      id                uuid PRIMARY KEY,
      conversation_id   bigint NOT NULL REFERENCES conversations (id),
      user_id           bigint NOT NULL REFERENCES users (id),
      name              text NOT NULL CHECK (char_length(name) <= 100),
      content_type      text NOT NULL,
      size_bytes        bigint NOT NULL CHECK (size_bytes > 0),
      width             integer,
      height            integer,
      thumbnail_bytes   bigint,
      claimed_by        uuid,
      message_id        bigint,
      created_at        timestamptz NOT NULL DEFAULT now(),
      CHECK (message_id IS NULL OR claimed_by IS NOT NULL)
    )`.execute(db);
  await sql`CREATE INDEX uploads_unused ON uploads (created_at) WHERE message_id IS NULL`.execute(db);
  await sql`CREATE INDEX uploads_by_user ON uploads (user_id, created_at)`.execute(db);
  await sql`CREATE INDEX uploads_by_message ON uploads (message_id) WHERE message_id IS NOT NULL`.execute(db);

  // What webhooks are told, in order per conversation. `delivered_at` and `dead_at` both null: still to be told.
  await sql`
    CREATE TABLE webhook_events (
      id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      conversation_id   bigint NOT NULL REFERENCES conversations (id),
      event_key         text NOT NULL UNIQUE,
      type              text NOT NULL,
      payload           jsonb NOT NULL,
      attempts          integer NOT NULL DEFAULT 0,
      last_error        text,
      next_attempt_at   timestamptz NOT NULL DEFAULT now(),
      created_at        timestamptz NOT NULL DEFAULT now(),
      delivered_at      timestamptz,
      dead_at           timestamptz
    )`.execute(db);
  await sql`
    CREATE INDEX webhook_events_pending ON webhook_events (conversation_id, id)
    WHERE delivered_at IS NULL AND dead_at IS NULL`.execute(db);
  await sql`CREATE INDEX webhook_events_dead ON webhook_events (id) WHERE dead_at IS NOT NULL`.execute(db);
  await sql`CREATE INDEX webhook_events_done ON webhook_events (delivered_at) WHERE delivered_at IS NOT NULL`.execute(db);
}
