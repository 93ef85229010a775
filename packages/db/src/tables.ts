/** Table types for Kysely, one interface a table. `bigint` columns are JSON-safe numbers: the pool parses them so. */
import type { Attachment, UserRole } from "@drawchat/protocol/conversations";
import type { ConversationPriority, ConversationStatus } from "@drawchat/protocol/conversations-rest";
import type { ColumnType, Generated, Insertable, Selectable } from "kysely";

/** Read as Date; written as Date or ISO text. */
type Timestamp = ColumnType<Date, Date | string, Date | string>;
type DefaultTimestamp = ColumnType<Date, Date | string | undefined, Date | string>;

export type SessionRowState = "scheduled" | "open" | "closed" | "cancelled";
/** `daily`: made from DRAW_TIME_*; `explicit`: made by an admin (or as the demo draw). */
export type SessionKind = "daily" | "explicit";

export interface LiveChatSessionsTable {
  id: Generated<number>;
  kind: SessionKind;
  /** The draw's date in the draw's zone: an explicit session replaces the daily one of the same date. */
  draw_date: ColumnType<string, string, string>;
  draw_at: Timestamp;
  opens_at: Timestamp;
  closes_at: Timestamp;
  state: Generated<SessionRowState>;
  is_active: Generated<boolean>;
  total_likes: Generated<number>;
  /** The highest number of viewers shown at once; written along while the session lasts, never lowered. */
  peak_viewers: Generated<number>;
  /** Its rows of live_chat_viewers, counted along until shortly after its end. */
  unique_viewers: Generated<number>;
  /** Users who won, kept with the session; a message shows what held when it was accepted. */
  winners: Generated<number[]>;
  /** Raised by every change of policy (times, state): a lower version changes nothing in Redis. */
  policy_version: Generated<number>;
  /** Highest event id stored: the room's `upto` after a restore. */
  last_event_id: Generated<number>;
  created_at: DefaultTimestamp;
}

export interface LiveChatMessagesTable {
  id: number;
  session_id: number;
  user_id: number;
  client_id: string;
  username: string;
  profile_pic: string | null;
  message: string;
  message_type: string;
  likes: Generated<number>;
  is_winner: boolean;
  is_host: boolean;
  created_at: Timestamp;
  deleted_at: Timestamp | null;
  last_event_id: number;
}

export interface LiveChatLikesTable {
  session_id: number;
  /** null: a like of the session itself. */
  message_id: number | null;
  user_id: number;
  created_at: Timestamp;
}

export interface LiveChatViewersTable {
  session_id: number;
  user_id: number;
  gateway_id: string;
  is_active: boolean;
  joined_at: DefaultTimestamp;
  last_seen_at: DefaultTimestamp;
}

/** Local dates whose daily draw an admin cancelled or moved: none is made for them any more. */
export interface LiveChatSettledDatesTable {
  draw_date: string;
  created_at: DefaultTimestamp;
}

/** An accepted event that Postgres will not take: kept as bytes, for `npm run dead-letters`. */
export interface DeadLettersTable {
  event_id: number;
  room: string;
  kind: string;
  user_id: number;
  client_id: string;
  body: Buffer;
  error_code: string;
  error: string;
  created_at: DefaultTimestamp;
}

export interface UsersTable {
  id: number;
  username: string;
  profile_pic: string | null;
  /** As the user's last token had it. */
  role: UserRole;
  is_active: Generated<boolean>;
  /** Name and picture were changed by hand: tokens do not change them any more. */
  is_edited: Generated<boolean>;
  last_seen_at: Timestamp | null;
  created_at: DefaultTimestamp;
  updated_at: DefaultTimestamp;
}

export interface ConversationsTable {
  id: Generated<number>;
  /** Raised by everything that a list shows: of two summaries the higher one is the newer. */
  version: Generated<number>;
  title: string | null;
  status: Generated<ConversationStatus>;
  snoozed_until: Timestamp | null;
  priority: Generated<ConversationPriority>;
  labels: Generated<string[]>;
  assignee_id: number | null;
  is_bot_on: Generated<boolean>;
  created_by: number;
  /** Of the call that made it. */
  client_id: string;
  /** Raised by every change of participants or of `is_bot_on`: a lower version changes nothing in Redis. */
  policy_version: Generated<number>;
  /** Highest event id stored of the conversation's room, and of its notes'. */
  last_event_id: Generated<number>;
  notes_last_event_id: Generated<number>;
  last_message_id: number | null;
  created_at: DefaultTimestamp;
  last_activity_at: DefaultTimestamp;
}

export interface ConversationParticipantsTable {
  conversation_id: number;
  user_id: number;
  role: UserRole;
  joined_at: DefaultTimestamp;
  /** Set: no participant any more. */
  left_at: Timestamp | null;
  read_upto: Generated<number>;
  /** Messages of others above `read_upto`, without notes and deleted ones. */
  unread_count: Generated<number>;
  /** That of the conversation. */
  last_activity_at: DefaultTimestamp;
}

export interface ConversationMessagesTable {
  id: number;
  conversation_id: number;
  is_note: boolean;
  user_id: number;
  client_id: string;
  username: string;
  profile_pic: string | null;
  role: UserRole;
  /** Empty once it is deleted. */
  message: string;
  attachment: ColumnType<Attachment | null, string | null, string | null>;
  created_at: Timestamp;
  edited_at: Timestamp | null;
  deleted_at: Timestamp | null;
  last_event_id: number;
}

export interface UploadsTable {
  id: string;
  conversation_id: number;
  user_id: number;
  name: string;
  content_type: string;
  size_bytes: number;
  width: number | null;
  height: number | null;
  thumbnail_bytes: number | null;
  claimed_by: string | null;
  message_id: number | null;
  created_at: DefaultTimestamp;
}

export interface WebhookEventsTable {
  id: Generated<number>;
  conversation_id: number;
  /** The same for the same event however often it is recorded. */
  event_key: string;
  type: string;
  payload: ColumnType<unknown, string, string>;
  attempts: Generated<number>;
  last_error: string | null;
  /** Not before then, after an attempt that failed. */
  next_attempt_at: DefaultTimestamp;
  created_at: DefaultTimestamp;
  delivered_at: Timestamp | null;
  dead_at: Timestamp | null;
}

export interface Tables {
  users: UsersTable;
  conversations: ConversationsTable;
  conversation_participants: ConversationParticipantsTable;
  conversation_messages: ConversationMessagesTable;
  uploads: UploadsTable;
  webhook_events: WebhookEventsTable;
  live_chat_sessions: LiveChatSessionsTable;
  live_chat_messages: LiveChatMessagesTable;
  live_chat_likes: LiveChatLikesTable;
  live_chat_viewers: LiveChatViewersTable;
  live_chat_settled_dates: LiveChatSettledDatesTable;
  dead_letters: DeadLettersTable;
}

export type SessionRow = Selectable<LiveChatSessionsTable>;
export type NewSessionRow = Insertable<LiveChatSessionsTable>;
export type MessageRow = Selectable<LiveChatMessagesTable>;
export type NewMessageRow = Insertable<LiveChatMessagesTable>;
export type UserRow = Selectable<UsersTable>;
export type ConversationRow = Selectable<ConversationsTable>;
export type ConversationMessageRow = Selectable<ConversationMessagesTable>;
export type NewConversationMessageRow = Insertable<ConversationMessagesTable>;
