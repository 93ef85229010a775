/** What every decoder of client frames stands on: bytes to a bounded JSON object, and compiled checks of its shape. */
import type { Static, TSchema } from "typebox";
import Compile from "typebox/compile";
import type { ErrorCode } from "./errors.ts";
import { Position } from "./frames.ts";
import type { RoomName } from "./ids.ts";

/** `room`: the frame named it. `clientId`: it was a message under this valid id, and its sender waits for an answer. */
export type Refusal = { ok: false; code: ErrorCode; room?: RoomName; clientId?: string };
export type Decoded<Frame> = { ok: true; frame: Frame } | Refusal;

/** Deeper JSON parses, but overflows the stack of whatever walks it afterwards. */
const MAX_DEPTH = 8;

export interface Checker<T> {
  check(value: unknown): value is T;
}

export function checker<S extends TSchema>(schema: S): Checker<Static<S>> {
  const compiled = Compile(schema);
  return { check: (value): value is Static<S> => compiled.Check(value) };
}

export function checked<T>(schema: Checker<T>, value: unknown, code: ErrorCode): Decoded<T> {
  return schema.check(value) ? { ok: true, frame: value } : { ok: false, code };
}

const position = checker(Position);
/** No room has this epoch: a client whose position is damaged begins anew instead of being shut out. */
const UNREACHABLE: Position = { epoch: "", id: 0 };

/** A `since` that is no position becomes one that no room can reach. */
export function withReadableSince(value: Record<string, unknown>): Record<string, unknown> {
  if (value.since === undefined || position.check(value.since)) return value;
  return { ...value, since: UNREACHABLE };
}

/** A JSON object of at most so many bytes, nested no deeper than can be walked. */
export function parseObject(bytes: Uint8Array, maxBytes: number): { ok: true; value: Record<string, unknown> } | Refusal {
  if (bytes.byteLength > maxBytes) return { ok: false, code: "too_large" };
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
