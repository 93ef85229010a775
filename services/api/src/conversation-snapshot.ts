/**
 * The room of a conversation, or of its notes, as the record has it. A message that was edited or deleted comes back with
 * the event that did it as well, at its place: who was away before it hears of it, although the room has left Redis since.
 */
import type { Db } from "@drawchat/db/connect";
import { type ConversationMessageRow, listLastChanged, toConversationMessage } from "@drawchat/db/conversation-events";
import { findMembership, type Membership } from "@drawchat/db/membership";
import { type RoomName, roomKind, roomNumber } from "@drawchat/protocol/ids";
import { EVENT_V2_ONLY, type RawEvent } from "@drawchat/redis/publication";
import type { RoomSnapshot } from "@drawchat/redis/restore";
import type { RoomLog } from "@drawchat/redis/room-log";
import type { ConversationPolicy } from "@drawchat/redis/room-state";

/** Changed messages that come back: each is one event, or two. */
const RESTORED_MESSAGES = 250;

/** Undefined where there is no such conversation. */
export async function readConversationSnapshot(db: Db, room: RoomName, roomLog: RoomLog): Promise<RoomSnapshot | undefined> {
  const isNote = roomKind(room) === "notes";
  const conversationId = roomNumber(room);
  const conversation = await findMembership(db, conversationId);
  if (conversation === undefined) return undefined;
  // One more than wanted: everything above its last change is in the others.
  const rows = await listLastChanged(db, { conversationId, isNote, limit: RESTORED_MESSAGES + 1 });
  const after = rows.length > RESTORED_MESSAGES ? (rows.at(-1)?.last_event_id ?? 0) : 0;
  const byId = new Map<number, RawEvent>();
  for (const row of rows) for (const event of eventsOf(row)) if (event.id > after) byId.set(event.id, event);
  for (const event of roomLog.events) byId.set(event.id, byId.get(event.id) ?? event);
  const events = [...byId.values()].sort((a, b) => a.id - b.id);
  const lastInLog = roomLog.events.findLast((event) => event.kind === "m")?.id ?? 0;
  return {
    room,
    policy: policyOf(conversation, roomLog.reads),
    upto: Math.max(isNote ? conversation.notesLastEventId : conversation.lastEventId, events.at(-1)?.id ?? 0),
    lastMessageId: Math.max(isNote ? 0 : conversation.lastMessageId, lastInLog),
    events,
    after,
    likes: new Map(),
    logFirstEntry: roomLog.firstEntry,
  };
}

function eventsOf(row: ConversationMessageRow): RawEvent[] {
  const message = toConversationMessage(row);
  const { user_id: userId, client_id: clientId } = row;
  const events: RawEvent[] = [
    { id: row.id, kind: "m", flags: 0, userId, clientId, body: JSON.stringify({ type: "new_message", message }) },
  ];
  const id = row.last_event_id;
  if (id === row.id) return events;
  const changed = { id, flags: EVENT_V2_ONLY, userId, clientId: "-" };
  if (row.deleted_at === null) events.push({ ...changed, kind: "e", body: JSON.stringify({ type: "edit", id, message }) });
  else events.push({ ...changed, kind: "d", body: JSON.stringify({ type: "delete", id, message_id: row.id }) });
  return events;
}

/** Read marks that wait in the log count, too. */
function policyOf({ version, isBotOn, members }: Membership, reads: RoomLog["reads"]): ConversationPolicy {
  const marked = [...members].map(
    ([user, { role, readUpto }]) => [user, { role, readUpto: Math.max(readUpto, reads.get(user) ?? 0) }] as const,
  );
  return { kind: "conversation", version, isBotOn, members: new Map(marked) };
}
