/** What was refused, in words. */
import { ApiError } from "@drawchat/client/rest";
import type { ConversationTextName } from "./texts.ts";

const WORDS: Readonly<Record<string, ConversationTextName>> = {
  offline: "unreachable",
  unavailable: "unreachable",
  rate_limited: "tooFast",
  forbidden: "notAllowed",
  not_found: "gone",
  unauthorized: "signInEnded",
};

export function problemWords(error: unknown): ConversationTextName {
  return error instanceof ApiError ? (WORDS[error.code] ?? "failed") : "failed";
}
