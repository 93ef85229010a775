/** A message or note from a socket into its room: the text, the file, the place among the participants, then `accept`. */
import { isAllowed, isStaff } from "@drawchat/auth/policy";
import type { Attachment } from "@drawchat/protocol/conversations";
import type { RoomFrame } from "@drawchat/protocol/decode-conversations";
import { roomKind, roomNumber } from "@drawchat/protocol/ids";
import type { SeenUser } from "@drawchat/protocol/internal";
import { type CleanText, CONVERSATION_TEXT, cleanText } from "@drawchat/protocol/text";
import type { Acceptor, EventSubmission, Outcome } from "@drawchat/redis/accept";
import { newMessageParts } from "@drawchat/redis/conversation-message";
import type { ApiClient } from "./api-client.ts";
import type { ConversationSide } from "./conversation-side.ts";
import { type RefuseDeps, refuseFrame } from "./refuse-frame.ts";
import { ackFrame } from "./room-frames.ts";
import type { Seat } from "./seat.ts";

export type MessageFrame = Extract<RoomFrame, { type: "message" }>;

export interface ConversationMessageDeps extends RefuseDeps {
  acceptor: Acceptor;
  api: ApiClient;
}

/** Who says something where. */
export interface Speaker {
  seat: Seat;
  side: ConversationSide;
  profile: SeenUser;
}

/** A promise where later frames of the socket must wait: somebody is asked first, and nothing may overtake it. Never rejects. */
export function sendMessage(deps: ConversationMessageDeps, speaker: Speaker, frame: MessageFrame): Promise<void> | undefined {
  const { seat, side, profile } = speaker;
  const joinsByIt = isStaff(profile.role) && roomKind(seat.room.name) === "conversation" && !side.isMember(seat.userId);
  const sent = send(deps, speaker, frame);
  return frame.resend === true || frame.upload_id !== undefined || joinsByIt ? sent : undefined;
}

async function send(deps: ConversationMessageDeps, speaker: Speaker, frame: MessageFrame): Promise<void> {
  const about = { room: frame.room, clientId: frame.client_id };
  const cleaned = textOf(frame);
  if (!cleaned.ok) return refuseFrame(deps, speaker.seat.connection, { code: cleaned.code, ...about });
  const outcome = await decide(deps, speaker, frame, cleaned.text).catch((): Outcome => ({ kind: "refused", code: "unavailable" }));
  answer(deps, speaker.seat, frame, outcome);
}

/** Empty is fine where there is a file. */
function textOf({ message, upload_id }: MessageFrame): CleanText {
  const cleaned = cleanText(message, CONVERSATION_TEXT);
  return !cleaned.ok && cleaned.code === "empty_message" && upload_id !== undefined ? { ok: true, text: "" } : cleaned;
}

/** Rejects where the api cannot tell what must be known first. */
async function decide({ acceptor, api }: ConversationMessageDeps, speaker: Speaker, frame: MessageFrame, text: string): Promise<Outcome> {
  const { seat, side, profile } = speaker;
  const { userId, room } = seat;
  const clientId = frame.client_id.toLowerCase();
  const action = roomKind(room.name) === "notes" ? "note.send" : "message.send";
  if (!isAllowed(profile.role, action, { isMember: side.isMember(userId) })) return { kind: "refused", code: "forbidden" };
  if (frame.resend === true) {
    // After a loss of Redis its dedupe is gone, and the message may be in Postgres: a blind resend would be a ghost.
    const id = await api.storedId(room.name, userId, clientId);
    if (id !== null) return { kind: "duplicate", id };
  }
  const attachment = frame.upload_id === undefined ? null : await claim(api, seat, frame.upload_id, clientId);
  if (attachment === undefined) return { kind: "refused", code: "bad_attachment" };
  const submission = submissionOf(speaker, { clientId, text, attachment, ifLastId: frame.if_last_id });
  const outcome = await acceptor.submit(submission);
  const isOutside = outcome.kind === "refused" && outcome.code === "not_found" && isStaff(profile.role);
  if (!isOutside || roomKind(room.name) === "notes") return outcome;
  // Agents who speak become participants by it; a note shows them to nobody.
  return (await api.joinAsStaff(roomNumber(room.name), userId)) ? acceptor.submit(submission) : outcome;
}

/** Notes have no files: those of a conversation are shown to all its participants. Undefined where it may not be taken. */
async function claim(api: ApiClient, { room, userId }: Seat, uploadId: string, clientId: string): Promise<Attachment | undefined> {
  if (roomKind(room.name) === "notes") return undefined;
  return api.claimUpload({ conversationId: roomNumber(room.name), uploadId, userId, clientId });
}

interface Content {
  clientId: string;
  text: string;
  attachment: Attachment | null;
  ifLastId: number | undefined;
}

function submissionOf({ seat, profile }: Speaker, { clientId, text, attachment, ifLastId }: Content): EventSubmission {
  const { userId, room } = seat;
  const parts = newMessageParts({
    conversation_id: roomNumber(room.name),
    user_id: userId,
    username: profile.username,
    profile_pic: profile.profile_pic,
    role: profile.role,
    message: text,
    message_type: roomKind(room.name) === "notes" ? "note" : "text",
    attachment,
  });
  return { room: room.name, kind: "m", userId, clientId, parts, ifLastId, isStaff: isStaff(profile.role) };
}

function answer({ metrics }: ConversationMessageDeps, { connection, room }: Seat, frame: MessageFrame, outcome: Outcome): void {
  const { client_id: clientId } = frame;
  if (outcome.kind === "refused") {
    const { kind: _, code, ...extra } = outcome;
    metrics.refused.inc({ code });
    connection.sendError(code, { room: room.name, clientId, ...extra });
    return;
  }
  if (outcome.kind === "accepted") metrics.accepted.inc({ kind: "conversation_message" });
  connection.send(ackFrame(room.name, clientId, outcome));
  const stored = frame.resend === true && outcome.kind === "duplicate" ? room.stored.frame() : undefined;
  if (stored !== undefined) connection.send(stored);
}
