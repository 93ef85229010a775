/** Text of a socket → server frame. Unknown types and event kinds are passed over. */
import type { ServerFrame } from "@drawchat/protocol/frames";
import { hasShape, isRecord, type Shape } from "./shape.ts";

/** Objects with a `type`: kinds of later versions stay in the list and are skipped where events are read. */
export const EVENTS: Shape = [isEvent];

/** The fields without which a frame is of no use, per type. */
export type FrameShapes<Frame extends { type: string }> = Record<Frame["type"], Record<string, Shape>>;

const CHAT_FRAMES: FrameShapes<ServerFrame> = {
  welcome: {
    session: {},
    user: {},
    epoch: "string",
    recovered: "boolean",
    events: EVENTS,
    upto: "number",
    server_time: "string",
    limits: {},
  },
  batch: { after: "number", upto: "number", events: EVENTS },
  ack: { client_id: "string", id: "number" },
  stored: { upto: "number" },
  rejected: { client_id: "string", code: "string" },
  counts: {},
  session: { state: "string", opens_at: "string", closes_at: "string", draw_at: "string" },
  tip: { upto: "number" },
  reset: { epoch: "string", events: EVENTS, upto: "number" },
  token_expiring: { at: "string" },
  reconnect: { after_ms: "number" },
  pong: {},
  error: { code: "string", message: "string" },
};

/** The frame of a live chat in a text, or undefined where it is none that this client knows. */
export function decodeServerFrame(text: string): ServerFrame | undefined {
  return decodeFrame(text, CHAT_FRAMES);
}

/** The frame in a text, or undefined where it is none of these. */
export function decodeFrame<Frame extends { type: string }>(text: string, shapes: FrameShapes<Frame>): Frame | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFrame(value, shapes) ? value : undefined;
  } catch {
    return undefined; // not JSON: passed over like an unknown type
  }
}

function isFrame<Frame extends { type: string }>(value: unknown, shapes: FrameShapes<Frame>): value is Frame {
  return isRecord(value) && typeof value.type === "string" && isTypeOf(value.type, shapes) && hasShape(value, shapes[value.type]);
}

function isTypeOf<Frame extends { type: string }>(type: string, shapes: FrameShapes<Frame>): type is Frame["type"] {
  return Object.hasOwn(shapes, type);
}

function isEvent(value: unknown): boolean {
  if (!isRecord(value) || typeof value.type !== "string") return false;
  return value.type !== "new_message" || hasShape(value.message, { id: "number" });
}
