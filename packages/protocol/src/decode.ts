/** Bytes of a client to a frame or a refusal: the only place that parses what a client sent. */
import type { Static, TSchema } from "typebox";
import Compile from "typebox/compile";
import type { ErrorCode } from "./errors.ts";
import {
  AuthFrame,
  type ClientFrame,
  type ClientFrameV1,
  HelloFrame,
  LikeFrame,
  MAX_FRAME_BYTES,
  MessageFrame,
  MessageFrameV1,
  PingFrame,
  Position,
  ResumeFrame,
} from "./frames.ts";

/** `clientId`: the refused frame was a message under this valid id, and its sender waits for an answer. */
export type Refusal = { ok: false; code: ErrorCode; clientId?: string };
export type Decoded<Frame> = { ok: true; frame: Frame } | Refusal;

/** Deeper JSON parses, but overflows the stack of whatever walks it afterwards. */
const MAX_DEPTH = 8;

interface Checker<T> {
  check(value: unknown): value is T;
}

function checker<S extends TSchema>(schema: S): Checker<Static<S>> {
  const compiled = Compile(schema);
  return { check: (value): value is Static<S> => compiled.Check(value) };
}

const ping = checker(PingFrame);
const messageV1 = checker(MessageFrameV1);
const hello = checker(HelloFrame);
const message = checker(MessageFrame);
const like = checker(LikeFrame);
const resume = checker(ResumeFrame);
const auth = checker(AuthFrame);
const clientId = checker(MessageFrame.properties.client_id);
const position = checker(Position);

/** No room has this epoch: a client whose position is damaged begins anew instead of being shut out. */
const UNREACHABLE: Position = { epoch: "", id: 0 };

export function decodeFrameV1(bytes: Uint8Array): Decoded<ClientFrameV1> {
  const parsed = parseObject(bytes);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  switch (value.type) {
    case "message":
      return checked(messageV1, value, "bad_message");
    case "ping":
      return checked(ping, value, "bad_format");
    default:
      return { ok: false, code: "unknown_type" };
  }
}

export function decodeFrame(bytes: Uint8Array): Decoded<ClientFrame> {
  const parsed = parseObject(bytes);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  switch (value.type) {
    case "message":
      return message.check(value) ? { ok: true, frame: value } : refusedMessage(value);
    case "like":
      return checked(like, value, "bad_id");
    case "hello":
      return checked(hello, withReadableSince(value), "bad_format");
    case "resume":
      return checked(resume, withReadableSince(value), "bad_format");
    case "auth":
      return checked(auth, value, "bad_format");
    case "ping":
      return checked(ping, value, "bad_format");
    default:
      return { ok: false, code: "unknown_type" };
  }
}

function checked<T>(schema: Checker<T>, value: unknown, code: ErrorCode): Decoded<T> {
  return schema.check(value) ? { ok: true, frame: value } : { ok: false, code };
}

function refusedMessage({ message: text, client_id: id }: Record<string, unknown>): Refusal {
  if (!clientId.check(id)) return { ok: false, code: typeof text === "string" ? "bad_client_id" : "bad_message" };
  return { ok: false, code: typeof text === "string" ? "bad_format" : "bad_message", clientId: id };
}

function withReadableSince(value: Record<string, unknown>): Record<string, unknown> {
  if (value.since === undefined || position.check(value.since)) return value;
  return { type: value.type, since: UNREACHABLE };
}

function parseObject(bytes: Uint8Array): { ok: true; value: Record<string, unknown> } | Refusal {
  if (bytes.byteLength > MAX_FRAME_BYTES) return { ok: false, code: "too_large" };
  if (isTooDeep(bytes)) return { ok: false, code: "bad_format" };
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return isObject(value) ? { ok: true, value } : { ok: false, code: "bad_format" };
  } catch {
    return { ok: false, code: "bad_format" }; // not JSON, or not UTF-8
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Counts brackets outside of strings, before anything is parsed. */
function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) depth -= 1;
  }
  return false;
}
