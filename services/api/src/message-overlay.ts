/**
 * Rows of messages with what Redis has accepted and Postgres does not have yet on top: what was just sent, edited or
 * deleted is read at once. Redis is read before Postgres; what moved from one to the other meanwhile is in both.
 */
import { type ConversationMessageRow, toConversationMessage } from "@drawchat/db/conversation-events";
import {
  ConversationDeleteEvent,
  ConversationEditEvent,
  type ConversationMessage,
  NewConversationMessageEvent,
} from "@drawchat/protocol/conversations";
import { idCreatedAt } from "@drawchat/protocol/ids";
import type { HistoryEvent } from "@drawchat/redis/history-page";
import { Compile } from "typebox/compile";

const isNewMessage = Compile(NewConversationMessageEvent);
const isEdit = Compile(ConversationEditEvent);
const isDelete = Compile(ConversationDeleteEvent);

/** New messages of `events` where `isWanted`, and rows; each as it is after all events. By id. */
export function overlay(
  rows: readonly ConversationMessageRow[],
  events: readonly HistoryEvent[],
  isWanted: (id: number) => boolean,
): Map<number, ConversationMessage> {
  const messages = new Map(rows.map((row) => [row.id, toConversationMessage(row)]));
  const changedAt = new Map(rows.map((row) => [row.id, row.last_event_id]));
  for (const { id, kind, body } of events) {
    if (kind !== "m" && kind !== "e" && kind !== "d") continue;
    const event: unknown = JSON.parse(body);
    if (isNewMessage.Check(event)) {
      if (isWanted(id) && !messages.has(id)) messages.set(id, event.message);
    } else if (isEdit.Check(event)) {
      const known = messages.get(event.message.id);
      const isNewer = id > (changedAt.get(event.message.id) ?? 0);
      if (known?.deleted_at === null && isNewer) messages.set(event.message.id, event.message);
    } else if (isDelete.Check(event)) {
      const known = messages.get(event.message_id);
      if (known?.deleted_at === null) messages.set(event.message_id, tombstoneOf(known, idCreatedAt(id)));
    }
  }
  return new Map([...messages].sort(([a], [b]) => a - b));
}

/** The message that an event deletes, if it is one that does. */
export function deletedBy({ kind, body }: HistoryEvent): number | undefined {
  if (kind !== "d") return undefined;
  const event: unknown = JSON.parse(body);
  return isDelete.Check(event) ? event.message_id : undefined;
}

/** The message among these events that has this file. */
export function messageWithUpload(events: readonly HistoryEvent[], uploadId: string): number | undefined {
  return events.find(({ kind, body }) => {
    const event: unknown = kind === "m" ? JSON.parse(body) : undefined;
    return isNewMessage.Check(event) && event.message.attachment?.upload_id === uploadId;
  })?.id;
}

function tombstoneOf(message: ConversationMessage, deletedAt: string): ConversationMessage {
  return { ...message, message: "", attachment: null, deleted_at: deletedAt };
}
