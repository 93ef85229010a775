/**
 * The publication: one form for channel, history, ring and log.
 *
 *     E <room> <after> <upto> <flags> <n>\n
 *     <id> <kind> <flags> <length> <user_id> <client_id>\n      n times
 *     <json>,<json>,…                                           n bodies, joined by commas
 *
 * The header never goes to clients; the bodies go as they are: a v1 socket gets one body a frame, a v2 batch is a slice
 * of them. A gateway reads the header only. A control publication is unsequenced: `C <room>\n<json>`.
 */
import { isRoomName, type RoomName } from "@drawchat/protocol/ids";
import { publish } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";

/** `m` new message, `d` delete, `e` edit, `u` member. Unknown kinds are passed on. */
export type EventKind = "m" | "d" | "e" | "u";

/** Flags of an event, a bit each. */
export const EVENT_V2_ONLY = 1;
/** Goes to the sockets at once: what a host or a winner says. */
export const EVENT_PROMPT = 2;
/** Accepted, in history and table, but not shown live: see the sampling in accept.lua. */
export const EVENT_SKIPPED = 4;

export interface EventEntry {
  readonly id: number;
  readonly kind: string;
  readonly flags: number;
  readonly userId: number;
  readonly clientId: string;
  /** The body's place in the publication's bytes. */
  readonly start: number;
  readonly end: number;
}

export interface Publication {
  readonly room: RoomName;
  readonly after: number;
  readonly upto: number;
  readonly flags: number;
  readonly events: readonly EventEntry[];
  /** How many of the events are not shown live. */
  readonly skipped: number;
  readonly bytes: Buffer;
}

export class PublicationError extends Error {
  constructor(what: string) {
    super(`bad publication: ${what}`);
    this.name = "PublicationError";
  }
}

/** Accepted, and left out of live frames. */
export function isSkipped(event: Pick<EventEntry, "flags">): boolean {
  return (event.flags & EVENT_SKIPPED) !== 0;
}

/** What must not wait for the next tick: hosts and winners, and what moderates. */
export function isPrompt({ kind, flags }: Pick<EventEntry, "kind" | "flags">): boolean {
  return (flags & EVENT_PROMPT) !== 0 || kind === "d" || kind === "e";
}

const NEWLINE = 10;
const SEQUENCED = 69; // E
const CONTROL = 67; // C

export function isControl(bytes: Buffer): boolean {
  return bytes[0] === CONTROL;
}

/** Reads the header; the bodies are only measured. Throws a PublicationError where the bytes are not one. */
export function decodePublication(bytes: Buffer): Publication {
  if (bytes[0] !== SEQUENCED) throw new PublicationError("kind");
  const firstEnd = bytes.indexOf(NEWLINE);
  const [, room = "", after, upto, flags, count] = bytes.toString("latin1", 0, firstEnd).split(" ");
  const eventCount = Number(count);
  if (!isRoomName(room) || !(eventCount >= 0)) throw new PublicationError("first line");
  let bodyStart = firstEnd + 1;
  for (let i = 0; i < eventCount; i++) {
    const end = bytes.indexOf(NEWLINE, bodyStart);
    if (end === -1) throw new PublicationError("event line");
    bodyStart = end + 1;
  }
  const lines = bytes.toString("latin1", firstEnd + 1, bodyStart).split("\n");
  const events: EventEntry[] = [];
  let skipped = 0;
  for (let i = 0; i < eventCount; i++) {
    const [id, kind = "", eventFlags, length, userId, clientId = ""] = (lines[i] ?? "").split(" ");
    const end = bodyStart + Number(length);
    const event = { id: Number(id), kind, flags: Number(eventFlags), userId: Number(userId), clientId, start: bodyStart, end };
    events.push(event);
    if (isSkipped(event)) skipped += 1;
    bodyStart = end + 1;
  }
  if (eventCount > 0 && bodyStart - 1 !== bytes.length) throw new PublicationError("length");
  return { room, after: Number(after), upto: Number(upto), flags: Number(flags), events, skipped, bytes };
}

export interface RawEvent {
  readonly id: number;
  readonly kind: string;
  readonly flags: number;
  readonly userId: number;
  readonly clientId: string;
  readonly body: string;
}

export function encodePublication(room: RoomName, after: number, upto: number, events: readonly RawEvent[]): Buffer {
  const lines = events.map(
    ({ id, kind, flags, userId, clientId, body }) => `${id} ${kind} ${flags} ${Buffer.byteLength(body)} ${userId} ${clientId}\n`,
  );
  const bodies = events.map((event) => event.body).join(",");
  return Buffer.from(`E ${room} ${after} ${upto} 0 ${events.length}\n${lines.join("")}${bodies}`);
}

/** What is said beside the sequence: absolute values, and orders to gateways. */
export type Control =
  | { type: "counts"; viewers?: number; total_likes?: number; likes?: Record<string, number> }
  | { type: "stored"; upto: number }
  | { type: "rejected"; user_id: number; client_id: string; code: string }
  | { type: "read"; user_id: number; upto: number }
  | { type: "typing"; user_id: number; is_typing: boolean }
  | { type: "policy" }
  | { type: "reset" };

export interface ControlPublication {
  readonly room: RoomName;
  readonly control: Control;
}

/** Unknown control types come as undefined and are passed over. */
export function decodeControl(bytes: Buffer): ControlPublication | undefined {
  const end = bytes.indexOf(NEWLINE);
  const room = bytes.toString("latin1", 2, end);
  if (!isRoomName(room)) throw new PublicationError("room of a control publication");
  const value: unknown = JSON.parse(bytes.toString("utf8", end + 1));
  return isControlBody(value) ? { room, control: value } : undefined;
}

export function encodeControl(room: RoomName, control: Control): Buffer {
  return Buffer.from(`C ${room}\n${JSON.stringify(control)}`);
}

/** To every gateway with listeners in the room. Rejects where Redis is away; nobody asks for it again. */
export async function publishControlTo(redis: RedisClient, room: RoomName, control: Control): Promise<void> {
  await publish(redis, keys.channel(room), encodeControl(room, control));
}

function isControlBody(value: unknown): value is Control {
  if (typeof value !== "object" || value === null || !("type" in value)) return false;
  switch (value.type) {
    case "counts":
    case "policy":
    case "reset":
      return true;
    case "stored":
      return "upto" in value && typeof value.upto === "number";
    case "read":
      return "user_id" in value && typeof value.user_id === "number" && "upto" in value && typeof value.upto === "number";
    case "typing":
      return "user_id" in value && typeof value.user_id === "number" && "is_typing" in value && typeof value.is_typing === "boolean";
    case "rejected":
      return "user_id" in value && typeof value.user_id === "number" && "client_id" in value && "code" in value;
    default:
      return false;
  }
}
