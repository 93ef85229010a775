/** Bytes of a conversations' client to a frame or a refusal. */
import {
  ConversationAuth,
  type ConversationClientFrame,
  ConversationHello,
  ConversationMessageFrame,
  ConversationPing,
  ConversationResume,
  JoinFrame,
  LeaveFrame,
  MAX_CONVERSATION_FRAME_BYTES,
  PresenceFrame,
  ReadFrame,
  TypingFrame,
} from "./conversations.ts";
import type { ErrorCode } from "./errors.ts";
import { isRoomName, type RoomName, roomKind } from "./ids.ts";
import { type Checker, checked, checker, type Decoded, parseObject, withReadableSince } from "./parse-frame.ts";

/** A frame whose room is one: a conversation or its notes. */
type Named<Frame> = Frame extends { room: string } ? Frame & { room: RoomName } : Frame;
export type DecodedConversationFrame = Named<ConversationClientFrame>;
/** Those about a room. */
export type RoomFrame = Extract<DecodedConversationFrame, { room: RoomName }>;

const hello = checker(ConversationHello);
const presence = checker(PresenceFrame);
const auth = checker(ConversationAuth);
const ping = checker(ConversationPing);
const join = checker(JoinFrame);
const leave = checker(LeaveFrame);
const message = checker(ConversationMessageFrame);
const read = checker(ReadFrame);
const typing = checker(TypingFrame);
const resume = checker(ConversationResume);
const clientId = checker(ConversationMessageFrame.properties.client_id);
const uploadId = checker(ConversationMessageFrame.properties.upload_id);
const lastId = checker(ConversationMessageFrame.properties.if_last_id);

type Fields = Record<string, unknown>;

export function decodeConversationFrame(bytes: Uint8Array): Decoded<DecodedConversationFrame> {
  const parsed = parseObject(bytes, MAX_CONVERSATION_FRAME_BYTES);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  switch (value.type) {
    case "hello":
      return checked(hello, value, "bad_format");
    case "presence":
      return checked(presence, value, "bad_format");
    case "auth":
      return checked(auth, value, "bad_format");
    case "ping":
      return checked(ping, value, "bad_format");
    default:
      return decodeRoomFrame(value);
  }
}

function decodeRoomFrame(value: Fields): Decoded<RoomFrame> {
  switch (value.type) {
    case "join":
      return inRoom(join, withReadableSince(value), "bad_format");
    case "leave":
      return inRoom(leave, value, "bad_format");
    case "message":
      return inRoom(message, value, codeOfMessage(value));
    case "read":
      return inRoom(read, value, "bad_id");
    case "typing":
      return inRoom(typing, value, "bad_format");
    case "resume":
      return inRoom(resume, withReadableSince(value), "bad_format");
    default:
      return { ok: false, code: "unknown_type" };
  }
}

function inRoom<Frame>(schema: Checker<Frame>, value: Fields, code: ErrorCode): Decoded<Frame & { room: RoomName }> {
  const sender = clientId.check(value.client_id) ? { clientId: value.client_id } : {};
  if (!isNamed(value)) return { ok: false, code: "bad_id", ...sender };
  return schema.check(value) ? { ok: true, frame: value } : { ok: false, code, room: value.room, ...sender };
}

/** What is wrong with a message that does not pass. */
function codeOfMessage({ message: text, client_id: id, upload_id: upload, if_last_id: last }: Fields): ErrorCode {
  if (typeof text !== "string") return "bad_message";
  if (!clientId.check(id)) return "bad_client_id";
  if (upload !== undefined && !uploadId.check(upload)) return "bad_attachment";
  return last !== undefined && !lastId.check(last) ? "bad_id" : "bad_format";
}

function isNamed(value: Fields): value is Fields & { room: RoomName } {
  return typeof value.room === "string" && isRoomName(value.room) && roomKind(value.room) !== "session";
}
