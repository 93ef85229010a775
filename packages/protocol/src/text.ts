/** The rules for a message's text. They are a superset of the table's checks, so that what is accepted can be stored. */
import { MAX_CONVERSATION_MESSAGE_BYTES, MAX_CONVERSATION_MESSAGE_CHARS } from "./conversations.ts";
import type { ErrorCode } from "./errors.ts";
import { MAX_MESSAGE_BYTES, MAX_MESSAGE_CHARS } from "./frames.ts";

export type CleanText = { ok: true; text: string } | { ok: false; code: ErrorCode };

/** Of a text after cleaning: in Unicode code points, and in bytes of UTF-8 in NFC. */
export interface TextLimits {
  readonly maxChars: number;
  readonly maxBytes: number;
}

export const LIVE_CHAT_TEXT: TextLimits = { maxChars: MAX_MESSAGE_CHARS, maxBytes: MAX_MESSAGE_BYTES };
export const CONVERSATION_TEXT: TextLimits = { maxChars: MAX_CONVERSATION_MESSAGE_CHARS, maxBytes: MAX_CONVERSATION_MESSAGE_BYTES };

// Overrides, embeddings and isolates of the bidirectional algorithm: they reorder what stands around the message.
const BIDI_CONTROLS = /[\u202A-\u202E\u2066-\u2069]/g;
// C0 and C1 without the newline. NUL cannot be stored; the others steer terminals.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const CONTROLS = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g;
// Blank on every screen: white space, format characters, fillers, the empty Braille pattern.
const INVISIBLE = /[\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/gu;
const MAX_MARKS_PER_BASE = 8;
// Format characters between marks do not end a stack: a joiner after every mark would be a way around.
const STACKED_MARKS = new RegExp(`(?:\\p{M}\\p{Cf}*){${MAX_MARKS_PER_BASE + 1}}`, "u");

/** Removes what must not travel, trims, and judges the rest. Everything else stays byte for byte: text is text. */
export function cleanText(raw: string, { maxChars, maxBytes }: TextLimits): CleanText {
  if (!raw.isWellFormed()) return { ok: false, code: "bad_text" };
  const text = raw.replaceAll("\r\n", "\n").replaceAll("\t", " ").replace(CONTROLS, "").replace(BIDI_CONTROLS, "").trim();
  if (text.replace(INVISIBLE, "") === "") return { ok: false, code: "empty_message" };
  if (codePoints(text) > maxChars) return { ok: false, code: "too_long" };
  if (utf8Length(text.normalize("NFC")) > maxBytes) return { ok: false, code: "too_long" };
  if (STACKED_MARKS.test(text)) return { ok: false, code: "bad_text" };
  return { ok: true, text };
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
