/**
 * Text of a socket → server frame. The server validates against its schemas; here only what the client leans on is
 * checked, so that a foreign or newer server cannot make it throw. Unknown types and event kinds are passed over.
 */
import type { RoomEvent, ServerFrame } from "@drawchat/protocol/frames";

type FieldKind = "string" | "number" | "boolean" | "object" | "events";

/** The fields without which a frame is of no use, per type. */
const REQUIRED: Record<ServerFrame["type"], Record<string, FieldKind>> = {
  welcome: {
    session: "object",
    user: "object",
    epoch: "string",
    recovered: "boolean",
    events: "events",
    upto: "number",
    server_time: "string",
    limits: "object",
  },
  batch: { after: "number", upto: "number", events: "events" },
  ack: { client_id: "string", id: "number" },
  stored: { upto: "number" },
  rejected: { client_id: "string", code: "string" },
  counts: {},
  session: { state: "string", opens_at: "string", closes_at: "string", draw_at: "string" },
  tip: { upto: "number" },
  reset: { epoch: "string", events: "events", upto: "number" },
  token_expiring: { at: "string" },
  reconnect: { after_ms: "number" },
  pong: {},
  error: { code: "string", message: "string" },
};

/** The frame in a text, or undefined where it is none that this client knows. */
export function decodeServerFrame(text: string): ServerFrame | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isServerFrame(value) ? value : undefined;
  } catch {
    return undefined; // not JSON: passed over like an unknown type
  }
}

function isServerFrame(value: unknown): value is ServerFrame {
  if (!isRecord(value) || typeof value.type !== "string" || !isFrameType(value.type)) return false;
  return Object.entries(REQUIRED[value.type]).every(([field, kind]) => isOfKind(value[field], kind));
}

function isFrameType(type: string): type is ServerFrame["type"] {
  return Object.hasOwn(REQUIRED, type);
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  if (kind === "events") return Array.isArray(value) && value.every(isEvent);
  if (kind === "object") return isRecord(value);
  return typeof value === kind;
}

/** True for every object with a `type`: kinds of later versions stay in the list and are skipped where events are read. */
function isEvent(value: unknown): value is RoomEvent {
  if (!isRecord(value) || typeof value.type !== "string") return false;
  if (value.type === "new_message") return isRecord(value.message) && typeof value.message.id === "number";
  return true;
}

/** A plain object of a parsed JSON text. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
