/**
 * The wire contract: every frame of version 1 and 2, and the objects inside them. Types, validation and OpenAPI
 * come from these schemas. Unknown extra fields are passed over; unknown event kinds too.
 */
import Type, { type Static } from "typebox";

/** Largest client frame that is answered politely (`too_large` above it), in bytes. */
export const MAX_FRAME_BYTES = 4096;
/** Longest message, in Unicode code points, after cleaning. */
export const MAX_MESSAGE_CHARS = 500;
/** Longest message, in UTF-8 bytes in NFC. */
export const MAX_MESSAGE_BYTES = 2000;
/** Subprotocol that selects version 2; without it a socket speaks version 1. */
export const V2_SUBPROTOCOL = "drawchat.v2";

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Count = Type.Integer({ minimum: 0 });
const Time = Type.String({ format: "date-time", description: "RFC 3339, UTC, milliseconds, Z" });

export const ChatMessage = Type.Object({
  id: Id,
  user_id: Id,
  username: Type.String(),
  profile_pic: Type.Union([Type.String(), Type.Null()]),
  message: Type.String(),
  message_type: Type.String(),
  likes: Count,
  created_at: Time,
  is_winner: Type.Boolean(),
  is_host: Type.Boolean(),
});
export type ChatMessage = Static<typeof ChatMessage>;

export const SessionState = Type.Enum(["scheduled", "open", "closed", "cancelled"]);
export type SessionState = Static<typeof SessionState>;

export const SessionInfo = Type.Object({
  session_id: Id,
  state: SessionState,
  opens_at: Time,
  closes_at: Time,
  draw_at: Time,
});
export type SessionInfo = Static<typeof SessionInfo>;

/** A place in a room's sequence. The epoch changes when Redis lost its memory. */
export const Position = Type.Object({
  epoch: Type.String({ maxLength: 64 }),
  id: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
});
export type Position = Static<typeof Position>;

export const Uuid = Type.String({ pattern: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$" });

// ---- client frames -------------------------------------------------------------------------------------------------

export const PingFrame = Type.Object({ type: Type.Literal("ping") });
export const MessageFrameV1 = Type.Object({ type: Type.Literal("message"), message: Type.String() });

/** First frame of a v2 socket, within 5 s. `since`: resume behind this position. */
export const HelloFrame = Type.Object({ type: Type.Literal("hello"), since: Type.Optional(Position) });
/** `resend`: first sent before the current `welcome` or `reset`, or over 10 minutes ago. */
export const MessageFrame = Type.Object({
  type: Type.Literal("message"),
  client_id: Uuid,
  message: Type.String(),
  resend: Type.Optional(Type.Boolean()),
});
/** Likes a message, or the session where `message_id` is absent. */
export const LikeFrame = Type.Object({ type: Type.Literal("like"), message_id: Type.Optional(Id) });
/** Asks for everything behind a position on an open socket. */
export const ResumeFrame = Type.Object({ type: Type.Literal("resume"), since: Position });
/** A newer token of the same user. */
export const AuthFrame = Type.Object({ type: Type.Literal("auth"), token: Type.String({ maxLength: 4096 }) });

export type ClientFrameV1 = Static<typeof PingFrame> | Static<typeof MessageFrameV1>;
export type ClientFrame =
  | Static<typeof HelloFrame>
  | Static<typeof MessageFrame>
  | Static<typeof LikeFrame>
  | Static<typeof ResumeFrame>
  | Static<typeof AuthFrame>
  | Static<typeof PingFrame>;

// ---- events: the sequenced things of a room ------------------------------------------------------------------------

/** A new message: the whole of version 1's broadcast, byte for byte. */
export const NewMessageEvent = Type.Object({ type: Type.Literal("new_message"), message: ChatMessage });
/** Withdraws a message. v2 only. */
export const DeleteEvent = Type.Object({ type: Type.Literal("delete"), id: Id, message_id: Id });
/** Replaces a message. v2 only. */
export const EditEvent = Type.Object({ type: Type.Literal("edit"), id: Id, message: ChatMessage });
/** Someone joined or left a conversation. v2 only. */
export const MemberEvent = Type.Object({ type: Type.Literal("member"), id: Id, user_id: Id, joined: Type.Boolean() });

export const RoomEvent = Type.Union([NewMessageEvent, DeleteEvent, EditEvent, MemberEvent]);
export type RoomEvent = Static<typeof RoomEvent>;

/** The place of an event in its room's sequence. */
export function eventId(event: RoomEvent): number {
  return event.type === "new_message" ? event.message.id : event.id;
}

// ---- server frames, version 1 --------------------------------------------------------------------------------------

export interface ErrorFrame {
  type: "error";
  code: string;
  message: string;
  client_id?: string;
  /** Of a like that was refused. */
  message_id?: number;
  retry_after_ms?: number;
}

export type ServerFrameV1 =
  | Static<typeof NewMessageEvent>
  | { type: "session_like_update"; total_likes: number }
  | { type: "message_like_update"; message_id: number; likes: number }
  | { type: "pong" }
  | ErrorFrame;

// ---- server frames, version 2 --------------------------------------------------------------------------------------

export interface Limits {
  message_max_chars: number;
  messages_per_minute: number;
  frame_max_bytes: number;
  history: number;
}

export interface UserInfo {
  user_id: number;
  username: string;
  profile_pic: string | null;
  is_host: boolean;
}

/**
 * Answers `hello`. `recovered: true`: `events` follow `since` without a hole. `recovered: false`: forget what you
 * showed; `events` are the latest. Either may go on in `batch` frames; `upto` is the position after `events`, between
 * which so many were `skipped` as in a batch.
 */
export interface WelcomeFrame {
  type: "welcome";
  session: SessionInfo;
  user: UserInfo;
  epoch: string;
  recovered: boolean;
  events: RoomEvent[];
  skipped?: number;
  upto: number;
  server_time: string;
  limits: Limits;
}
/**
 * Events behind `after`. Where `after` is not the client's position, there is a hole: send `resume`. `skipped`: so many
 * between `after` and `upto` are not shown live, in this and in every later frame; they are in history and in the table.
 */
export interface BatchFrame {
  type: "batch";
  after: number;
  upto: number;
  events: RoomEvent[];
  skipped?: number;
}
/** The message has its id and its place. `skipped`: it is in history and in the table, but was not shown live. */
export interface AckFrame {
  type: "ack";
  client_id: string;
  id: number;
  duplicate?: boolean;
  skipped?: boolean;
}
/** Every event of the room up to here is in Postgres. */
export interface StoredFrame {
  type: "stored";
  upto: number;
}
/** An accepted message could not be stored and was withdrawn. */
export interface RejectedFrame {
  type: "rejected";
  client_id: string;
  code: string;
}
/** Absolute numbers; each may be absent. */
export interface CountsFrame {
  type: "counts";
  viewers?: number;
  total_likes?: number;
  likes?: Record<string, number>;
}
export interface SessionFrame {
  type: "session";
  state: SessionState;
  opens_at: string;
  closes_at: string;
  draw_at: string;
}
export interface TipFrame {
  type: "tip";
  upto: number;
}
/** Redis lost what you saw: forget it, show `events` (which may go on in `batch`), resend what is not stored. */
export interface ResetFrame {
  type: "reset";
  epoch: string;
  events: RoomEvent[];
  skipped?: number;
  upto: number;
}
/** The token ends at `at`: send `auth` with a newer one. */
export interface TokenExpiringFrame {
  type: "token_expiring";
  at: string;
}
/** Come back to another gateway after this long; the close follows. */
export interface ReconnectFrame {
  type: "reconnect";
  after_ms: number;
}

export type ServerFrame =
  | WelcomeFrame
  | BatchFrame
  | AckFrame
  | StoredFrame
  | RejectedFrame
  | CountsFrame
  | SessionFrame
  | TipFrame
  | ResetFrame
  | TokenExpiringFrame
  | ReconnectFrame
  | { type: "pong" }
  | ErrorFrame;
