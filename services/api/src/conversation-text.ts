/** Texts that people write into conversations, by the same rules as over a socket. */
import { ClientError } from "@drawchat/protocol/errors";
import { CONVERSATION_TEXT, cleanText } from "@drawchat/protocol/text";

/** Throws `empty_message` (unless it may be: beside a file), `too_long` or `bad_text`. */
export function readMessageText(raw: string, { mayBeEmpty = false } = {}): string {
  const cleaned = cleanText(raw, CONVERSATION_TEXT);
  if (cleaned.ok) return cleaned.text;
  if (cleaned.code === "empty_message" && mayBeEmpty) return "";
  throw new ClientError(cleaned.code);
}

/** A title or a label: one line. Throws `bad_request`. */
function readLine(raw: string, { name, maxChars }: { name: string; maxChars: number }): string {
  const cleaned = cleanText(raw.replaceAll(/\s+/gu, " "), { maxChars, maxBytes: 4 * maxChars });
  if (cleaned.ok) return cleaned.text;
  throw new ClientError("bad_request", { detail: `${name} must be a line of 1 to ${maxChars} characters.` });
}

export function readTitle(raw: string): string {
  return readLine(raw, { name: "title", maxChars: 200 });
}

export function readLabels(raw: readonly string[]): string[] {
  return [...new Set(raw.map((label) => readLine(label, { name: "each label", maxChars: 50 })))];
}
