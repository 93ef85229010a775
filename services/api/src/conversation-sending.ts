/** Everything that is accepted into a conversation's rooms over REST: messages, notes, edits and deletions. */
import { isStaff } from "@drawchat/auth/policy";
import { findStoredConversationMessageId } from "@drawchat/db/conversation-events";
import type { Attachment, ConversationMessage } from "@drawchat/protocol/conversations";
import type { SentMessage } from "@drawchat/protocol/conversations-rest";
import { ClientError } from "@drawchat/protocol/errors";
import { conversationRoom, idCreatedAt, notesRoom, type RoomName, roomKind, roomNumber } from "@drawchat/protocol/ids";
import type { EventSubmission, Outcome, Refused } from "@drawchat/redis/accept";
import { deleteParts, editParts, type NewMessage, newMessageParts } from "@drawchat/redis/conversation-message";
import type { Actor } from "./actor.ts";
import type { ApiParts } from "./api.ts";
import { findMessageOf } from "./conversation-page.ts";
import { derivedClientId } from "./derived-client-id.ts";
import { joinConversation } from "./staff-join.ts";

export interface OutgoingMessage {
  conversationId: number;
  isNote: boolean;
  clientId: string;
  text: string;
  attachment: Attachment | null;
  ifLastId?: number | undefined;
}

/** Something newer was said than the sender knew of: `lastId` is the last of it. */
export interface Missed {
  readonly kind: "newer_messages";
  readonly lastId: number;
}

/** The same client_id again answers the same message, for as long as there is one. Throws what `accept` refuses otherwise. */
export async function sendMessage(parts: ApiParts, actor: Actor, outgoing: OutgoingMessage): Promise<SentMessage | Missed> {
  const { conversationId, isNote, text, attachment, ifLastId } = outgoing;
  const clientId = outgoing.clientId.toLowerCase();
  // Redis forgets a client_id after some time, and when it loses its memory; the record does not.
  const storedId = await findStoredConversationMessageId(parts.db, { conversationId, isNote, userId: actor.userId, clientId });
  if (storedId !== undefined) return repetition(parts, conversationId, storedId);
  const message: NewMessage = {
    conversation_id: conversationId,
    user_id: actor.userId,
    username: actor.username,
    profile_pic: actor.profilePic,
    role: actor.role,
    message: text,
    message_type: isNote ? "note" : "text",
    attachment,
  };
  const room = isNote ? notesRoom(conversationId) : conversationRoom(conversationId);
  const submission = { room, kind: "m", userId: actor.userId, clientId, parts: newMessageParts(message), ifLastId } as const;
  const outcome = await submitAs(parts, actor, submission);
  if (outcome.kind === "duplicate") return repetition(parts, conversationId, outcome.id);
  if (outcome.kind === "accepted") {
    const { id } = outcome;
    return { message: { id, ...message, created_at: idCreatedAt(id), edited_at: null, deleted_at: null }, duplicate: false };
  }
  if (outcome.code === "newer_messages") return { kind: "newer_messages", lastId: outcome.lastId ?? 0 };
  throw refusalOf(outcome);
}

async function repetition(parts: ApiParts, conversationId: number, messageId: number): Promise<SentMessage> {
  const message = await findMessageOf(parts, { conversationId, messageId });
  if (message === undefined) throw new ClientError("not_stored"); // accepted once, and set aside by the writer
  return { message, duplicate: true };
}

/** The message as it is then. */
export async function editMessage(parts: ApiParts, actor: Actor, message: ConversationMessage, text: string): Promise<ConversationMessage> {
  if (text === message.message) return message;
  const edited = { ...message, message: text };
  const submission = { room: roomOf(message), kind: "e", userId: actor.userId, clientId: crypto.randomUUID(), v2Only: true } as const;
  const outcome = await submitAs(parts, actor, { ...submission, parts: editParts(edited) });
  if (outcome.kind === "refused") throw refusalOf(outcome);
  return { ...edited, edited_at: idCreatedAt(outcome.id) };
}

/** Makes it a tombstone; one that is stays one. */
export async function deleteMessage(
  parts: ApiParts,
  actor: Actor,
  { message, isMember }: { message: ConversationMessage; isMember: boolean },
): Promise<void> {
  if (message.deleted_at !== null) return;
  const outcome = await parts.acceptor.submit({
    room: roomOf(message),
    kind: "d",
    userId: actor.userId,
    clientId: derivedClientId("delete", message.id),
    parts: deleteParts(message.id),
    v2Only: true,
    isStaff: isStaff(actor.role),
    force: !isMember, // an admin clears away without becoming a participant, and the bot goes on
  });
  if (outcome.kind === "refused") throw refusalOf(outcome);
}

function roomOf(message: ConversationMessage): RoomName {
  return message.message_type === "note" ? notesRoom(message.conversation_id) : conversationRoom(message.conversation_id);
}

/** Who is an agent and no participant yet becomes one by what they say; a note shows them to nobody. */
async function submitAs(parts: ApiParts, actor: Actor, said: EventSubmission): Promise<Outcome> {
  const submission = { ...said, isStaff: isStaff(actor.role) };
  const outcome = await parts.acceptor.submit(submission);
  const isOutside = outcome.kind === "refused" && outcome.code === "not_found" && submission.isStaff;
  if (!isOutside || roomKind(said.room) === "notes") return outcome;
  await joinConversation(parts, { conversationId: roomNumber(said.room), userId: actor.userId });
  return parts.acceptor.submit(submission);
}

export function refusalOf({ code, retryAfterMs }: Refused): ClientError {
  return new ClientError(code, retryAfterMs === undefined ? {} : { retryAfterMs });
}
