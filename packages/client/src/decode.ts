/**
 * Text of a socket → server frame. The server validates against its schemas; here only what the client leans on is
 * checked, so that a foreign or newer server cannot make it throw. Unknown types and event kinds are passed over.
 */
import type { ServerFrame } from "@drawchat/protocol/frames";

type FieldKind = "string" | "number" | "boolean" | "object" | "objects" | "events";

/** The fields without which a frame is of no use, per type. */
export type RequiredFields<Frame extends { type: string }> = Record<Frame["type"], Record<string, FieldKind>>;

const CHAT_FRAMES: RequiredFields<ServerFrame> = {
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

/** The frame of a live chat in a text, or undefined where it is none that this client knows. */
export function decodeServerFrame(text: string): ServerFrame | undefined {
  return decodeFrame(text, CHAT_FRAMES);
}

/** The frame in a text, or undefined where it is none of those that are told. */
export function decodeFrame<Frame extends { type: string }>(text: string, required: RequiredFields<Frame>): Frame | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFrame(value, required) ? value : undefined;
  } catch {
    return undefined; // not JSON: passed over like an unknown type
  }
}

function isFrame<Frame extends { type: string }>(value: unknown, required: RequiredFields<Frame>): value is Frame {
  if (!isRecord(value) || typeof value.type !== "string" || !isTypeOf(value.type, required)) return false;
  return Object.entries(required[value.type]).every(([field, kind]) => isOfKind(value[field], kind));
}

function isTypeOf<Frame extends { type: string }>(type: string, required: RequiredFields<Frame>): type is Frame["type"] {
  return Object.hasOwn(required, type);
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  if (kind === "events") return Array.isArray(value) && value.every(isEvent);
  if (kind === "objects") return Array.isArray(value) && value.every(isRecord);
  if (kind === "object") return isRecord(value);
  return typeof value === kind;
}

/** True for every object with a `type`: kinds of later versions stay in the list and are skipped where events are read. */
function isEvent(value: unknown): boolean {
  if (!isRecord(value) || typeof value.type !== "string") return false;
  return value.type !== "new_message" || (isRecord(value.message) && typeof value.message.id === "number");
}

/** A plain object of a parsed JSON text. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
