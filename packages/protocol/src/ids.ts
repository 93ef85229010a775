/**
 * Ids: one JSON-safe number, `((ms since 2025-01-01) * 64 + n) * 64 + partition` (53 bits until 2094).
 * It is the order on every screen, the resume position and the primary key; the time of an event is derived from it.
 * Only the `accept` script makes ids, from the clock of Redis; everything here merely reads them.
 */

/** Partitions of a deployment. A constant: ids carry the partition in their lowest six bits. */
export const PARTITIONS = 64;

/** Start of the id clock, in Unix milliseconds. */
export const ID_EPOCH_MS = Date.UTC(2025, 0, 1);

const IDS_PER_MS = 64;

/** A room: `s42` is live session 42. Conversations (`c99`) and their notes (`n99`) share the form. */
export type RoomName = `${"s" | "c" | "n"}${number}`;

/** The room of a live session. */
export function sessionRoom(sessionId: number): RoomName {
  return `s${sessionId}`;
}

/** The room of a conversation: what its participants say to each other. */
export function conversationRoom(conversationId: number): RoomName {
  return `c${conversationId}`;
}

/** The sibling room of a conversation's private notes, for agents alone. It shares the conversation's partition. */
export function notesRoom(conversationId: number): RoomName {
  return `n${conversationId}`;
}

export type RoomKind = "session" | "conversation" | "notes";

export function roomKind(room: RoomName): RoomKind {
  if (room.startsWith("s")) return "session";
  return room.startsWith("c") ? "conversation" : "notes";
}

/** The number in a room's name: the session or conversation id. */
export function roomNumber(room: RoomName): number {
  return Number(room.slice(1));
}

/** True for `s42`, `c99`, `n7`: a kind letter and a positive safe integer without leading zero. */
export function isRoomName(text: string): text is RoomName {
  return /^[scn][1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(Number(text.slice(1)));
}

/** The partition (0-63) of a room: every key of the room lives in that partition's slot. */
export function partitionOfRoom(room: RoomName): number {
  return roomNumber(room) % PARTITIONS;
}

/** The partition (0-63) that made an id. */
export function partitionOfId(id: number): number {
  return id % PARTITIONS;
}

/** When an event was accepted, in Unix milliseconds by the clock of Redis. */
export function idTimeMs(id: number): number {
  return ID_EPOCH_MS + Math.floor(id / (PARTITIONS * IDS_PER_MS));
}

/** The last one that was asked for: ids that are made into texts one after the other are often of one millisecond. */
let lastMs = Number.NaN;
let lastText = "";

/** The same as RFC 3339 UTC with milliseconds. */
export function idCreatedAt(id: number): string {
  const ms = idTimeMs(id);
  if (ms !== lastMs) [lastMs, lastText] = [ms, new Date(ms).toISOString()];
  return lastText;
}

/** The smallest id a given Unix millisecond can have, in any partition. */
export function firstIdOfMs(unixMs: number): number {
  return (unixMs - ID_EPOCH_MS) * IDS_PER_MS * PARTITIONS;
}

/** An id as it may stand in a URL or frame: a positive safe integer, decimal, no leading zero; else undefined. */
export function parseId(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) return undefined;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : undefined;
}
