/**
 * Conversations on the wire: messages, events, and the frames of `WS /conversations/ws` (subprotocol `drawchat.v2`).
 * One socket a device, many rooms on it: every frame about a room names it, `c99` (what participants say) or `n99`
 * (the agents' private notes). The rest is as in frames.ts.
 */
import Type, { type Static } from "typebox";
import { type ErrorFrame, Position, type ReconnectFrame, type TokenExpiringFrame, Uuid } from "./frames.ts";

/** Largest client frame that is answered politely on this path (`too_large` above it), in bytes. */
export const MAX_CONVERSATION_FRAME_BYTES = 8_192;
/** Longest text of a message or note, in Unicode code points, after cleaning. */
export const MAX_CONVERSATION_MESSAGE_CHARS = 2_000;
/** The same in UTF-8 bytes in NFC; a frame around it stays below its limit. */
export const MAX_CONVERSATION_MESSAGE_BYTES = 6_000;
/** Conversations a socket may be in at once; an agent's notes rooms count too. */
export const MAX_ROOMS_PER_SOCKET = 200;
/** A typing mark that is not renewed is over after this. */
export const TYPING_EXPIRES_MS = 6_000;

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Time = Type.String({ format: "date-time", description: "RFC 3339, UTC, milliseconds, Z" });
const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Room = Type.String({ pattern: "^[cn][1-9][0-9]{0,15}$", description: "c99: a conversation, n99: its notes" });

export const UserRole = Type.Enum(["customer", "agent", "admin", "bot"]);
export type UserRole = Static<typeof UserRole>;
export const PresenceState = Type.Enum(["online", "away", "offline"]);
export type PresenceState = Static<typeof PresenceState>;

/** A file of a message. Its bytes: `GET /uploads/{upload_id}`, a small picture: `?size=thumbnail`. */
export const Attachment = Type.Object({
  upload_id: Uuid,
  name: Type.String({ maxLength: 100 }),
  content_type: Type.String(),
  size_bytes: Type.Integer({ minimum: 0 }),
  /** Pixels of an image; null for a PDF. */
  width: Nullable(Type.Integer({ minimum: 1 })),
  height: Nullable(Type.Integer({ minimum: 1 })),
});
export type Attachment = Static<typeof Attachment>;

/** `message` may be empty where there is an attachment, and is where the message was deleted (`deleted_at`). */
export const ConversationMessage = Type.Object({
  id: Id,
  conversation_id: Id,
  user_id: Id,
  username: Type.String(),
  profile_pic: Nullable(Type.String()),
  role: UserRole,
  message: Type.String(),
  /** `note`: private to agents. */
  message_type: Type.Enum(["text", "note"]),
  attachment: Nullable(Attachment),
  created_at: Time,
  edited_at: Nullable(Time),
  deleted_at: Nullable(Time),
});
export type ConversationMessage = Static<typeof ConversationMessage>;

// ---- events: the sequenced things of a room ------------------------------------------------------------------------

export const NewConversationMessageEvent = Type.Object({ type: Type.Literal("new_message"), message: ConversationMessage });
/** The whole message as it is now. */
export const ConversationEditEvent = Type.Object({ type: Type.Literal("edit"), id: Id, message: ConversationMessage });
/** The message is a tombstone from here on: its text and file are gone. */
export const ConversationDeleteEvent = Type.Object({ type: Type.Literal("delete"), id: Id, message_id: Id });
/** Someone became a participant, or is none any more. */
export const ParticipantEvent = Type.Object({
  type: Type.Literal("member"),
  id: Id,
  user_id: Id,
  username: Type.String(),
  role: UserRole,
  joined: Type.Boolean(),
});
export const ConversationEvent = Type.Union([
  NewConversationMessageEvent,
  ConversationEditEvent,
  ConversationDeleteEvent,
  ParticipantEvent,
]);
export type ConversationEvent = Static<typeof ConversationEvent>;

// ---- client frames -------------------------------------------------------------------------------------------------

/** First frame, within 5 s. */
export const ConversationHello = Type.Object({ type: Type.Literal("hello") });
/** `since`: resume behind this position of the room. */
export const JoinFrame = Type.Object({ type: Type.Literal("join"), room: Room, since: Type.Optional(Position) });
export const LeaveFrame = Type.Object({ type: Type.Literal("leave"), room: Room });
/**
 * `if_last_id`: accept it only where the room's last message is this one (0: none yet), else `newer_messages`.
 * `resend`: as in version 2 of the live chat.
 */
export const ConversationMessageFrame = Type.Object({
  type: Type.Literal("message"),
  room: Room,
  client_id: Uuid,
  message: Type.String(),
  upload_id: Type.Optional(Uuid),
  if_last_id: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  resend: Type.Optional(Type.Boolean()),
});
/** Everything of the conversation up to this message was read. Only moves forward. */
export const ReadFrame = Type.Object({ type: Type.Literal("read"), room: Room, upto: Id });
/** Renew it every 3 s while the person types; `false` ends it at once. */
export const TypingFrame = Type.Object({ type: Type.Literal("typing"), room: Room, is_typing: Type.Boolean() });
/** Whether the person behind this socket is at it. A new socket is online. */
export const PresenceFrame = Type.Object({ type: Type.Literal("presence"), state: Type.Enum(["online", "away"]) });
export const ConversationResume = Type.Object({ type: Type.Literal("resume"), room: Room, since: Position });
export const ConversationAuth = Type.Object({ type: Type.Literal("auth"), token: Type.String({ maxLength: 4096 }) });
export const ConversationPing = Type.Object({ type: Type.Literal("ping") });

export type ConversationClientFrame =
  | Static<typeof ConversationHello>
  | Static<typeof JoinFrame>
  | Static<typeof LeaveFrame>
  | Static<typeof ConversationMessageFrame>
  | Static<typeof ReadFrame>
  | Static<typeof TypingFrame>
  | Static<typeof PresenceFrame>
  | Static<typeof ConversationResume>
  | Static<typeof ConversationAuth>
  | Static<typeof ConversationPing>;

// ---- server frames -------------------------------------------------------------------------------------------------

export interface ConversationLimits {
  message_max_chars: number;
  messages_per_minute: number;
  frame_max_bytes: number;
  rooms_max: number;
}

/** Answers `hello`: who you are here. Rooms are joined one by one. */
export interface ConversationWelcomeFrame {
  type: "welcome";
  user: { user_id: number; username: string; profile_pic: string | null; role: UserRole };
  server_time: string;
  limits: ConversationLimits;
}

/** A participant as the sockets know one: names come with `GET /conversations/{id}`. */
export interface MemberInfo {
  user_id: number;
  role: UserRole;
  /** Everything up to this message was read by them; 0: nothing. */
  read_upto: number;
  presence: PresenceState;
}

/** Answers `join`; `recovered`, `events` and `upto` as in `welcome` of the live chat. May go on in `batch` frames. */
export interface JoinedFrame {
  type: "joined";
  room: string;
  epoch: string;
  recovered: boolean;
  events: ConversationEvent[];
  upto: number;
  members: MemberInfo[];
  is_bot_on: boolean;
}
/** Who is in the conversation now, or whether the bot answers in it, has changed. All of it. */
export interface MembersFrame {
  type: "members";
  room: string;
  members: MemberInfo[];
  is_bot_on: boolean;
}
/** This socket is out of the room: because it asked to, or because its user is no participant any more. */
export interface LeftFrame {
  type: "left";
  room: string;
  reason: "asked" | "removed";
}
export interface ConversationBatchFrame {
  type: "batch";
  room: string;
  after: number;
  upto: number;
  events: ConversationEvent[];
}
export interface ConversationAckFrame {
  type: "ack";
  room: string;
  client_id: string;
  id: number;
  duplicate?: boolean;
}
export interface ConversationStoredFrame {
  type: "stored";
  room: string;
  upto: number;
}
export interface ConversationRejectedFrame {
  type: "rejected";
  room: string;
  client_id: string;
  code: string;
}
export interface ConversationTipFrame {
  type: "tip";
  room: string;
  upto: number;
}
export interface ConversationResetFrame {
  type: "reset";
  room: string;
  epoch: string;
  events: ConversationEvent[];
  upto: number;
}
/** Absolute: they have read everything up to here. */
export interface ReadMarkFrame {
  type: "read";
  room: string;
  user_id: number;
  upto: number;
}
export interface TypingNoticeFrame {
  type: "typing";
  room: string;
  user_id: number;
  is_typing: boolean;
  /** Over by itself after this, unless it comes again. */
  expires_in_ms: number;
}
export interface PresenceNoticeFrame {
  type: "presence";
  user_id: number;
  state: PresenceState;
  /** When they were last there, for `offline`. */
  last_seen_at: string | null;
}

/** What is newest in a conversation, as lists show it. The text is cut to 200 characters. */
export const LastMessage = Type.Object({
  id: Id,
  user_id: Id,
  username: Type.String(),
  role: UserRole,
  message: Type.String(),
  has_attachment: Type.Boolean(),
  is_deleted: Type.Boolean(),
  created_at: Time,
});

/** A conversation as one user's list shows it: absolute values, the highest `version` is the newest. */
export const ConversationSummary = Type.Object({
  id: Id,
  version: Type.Integer({ minimum: 1 }),
  title: Nullable(Type.String()),
  status: Type.Enum(["open", "pending", "snoozed", "resolved"]),
  snoozed_until: Nullable(Time),
  priority: Type.Enum(["low", "normal", "high", "urgent"]),
  labels: Type.Array(Type.String()),
  assignee_id: Nullable(Id),
  is_bot_on: Type.Boolean(),
  created_by: Id,
  created_at: Time,
  last_activity_at: Time,
  last_message: Nullable(LastMessage),
  /** Messages of others above one's own read mark; 0 for those who are no participant. */
  unread_count: Type.Integer({ minimum: 0 }),
  is_participant: Type.Boolean(),
});
export type ConversationSummary = Static<typeof ConversationSummary>;

/** A conversation of one's list is new or has changed. Read the list again after a reconnect. */
export interface InboxFrame {
  type: "inbox";
  conversation: ConversationSummary;
}
/** A conversation is not in one's list any more. */
export interface InboxRemovedFrame {
  type: "inbox_removed";
  conversation_id: number;
}
/** `inbox` frames may have been missed: read the list again. */
export interface InboxStaleFrame {
  type: "inbox_stale";
}
export interface ConversationErrorFrame extends ErrorFrame {
  room?: string;
  /** Of `newer_messages`: the room's last message. */
  last_id?: number;
}

export type ConversationServerFrame =
  | ConversationWelcomeFrame
  | JoinedFrame
  | MembersFrame
  | LeftFrame
  | ConversationBatchFrame
  | ConversationAckFrame
  | ConversationStoredFrame
  | ConversationRejectedFrame
  | ConversationTipFrame
  | ConversationResetFrame
  | ReadMarkFrame
  | TypingNoticeFrame
  | PresenceNoticeFrame
  | InboxFrame
  | InboxRemovedFrame
  | InboxStaleFrame
  | TokenExpiringFrame
  | ReconnectFrame
  | { type: "pong" }
  | ConversationErrorFrame;
