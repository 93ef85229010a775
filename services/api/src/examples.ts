/**
 * An example a call, put into the OpenAPI document when it is made. Those of problems are made by the same function as
 * the problems themselves, a test holds the others against the schemas.
 */
import { ClientError, type ErrorCode } from "@drawchat/protocol/errors";
import { CONVERSATION_EXAMPLES } from "./conversation-examples.ts";
import { problemOf } from "./problems.ts";

export interface CallExample {
  body?: object;
  /** Of the success; absent where it has no content. */
  answer?: object;
}

const SESSION = {
  session_id: 42,
  state: "open",
  opens_at: "2026-03-01T17:30:00.000Z",
  closes_at: "2026-03-01T19:30:00.000Z",
  draw_at: "2026-03-01T18:30:00.000Z",
};
const MANAGED = { ...SESSION, is_active: true, total_likes: 310, peak_viewers: 1_804, unique_viewers: 2_377, winners: [7] };
const MESSAGE = {
  id: 150536687616426,
  user_id: 7,
  username: "ann",
  profile_pic: "https://example.com/ann.png",
  message: "good luck everybody",
  message_type: "text",
  likes: 3,
  created_at: "2026-03-01T18:04:11.286Z",
  is_winner: false,
  is_host: false,
};

const UPLOAD = {
  upload_id: "6f1f5ac0-6d5e-4a0b-9f43-0d9f3a3f2f11",
  name: "receipt.png",
  content_type: "image/png",
  size_bytes: 48_213,
  width: 1_280,
  height: 960,
  conversation_id: 99,
  created_at: "2026-03-01T18:04:11.286Z",
};

/** By method and path as the document has them. */
export const CALL_EXAMPLES: Readonly<Record<string, CallExample>> = {
  "GET /live-chat/status": {
    answer: { enabled: true, active: true, ...SESSION, server_time: "2026-03-01T18:04:12.007Z", total_likes: 310, viewers: 1_804 },
  },
  "GET /live-chat/messages": { answer: { messages: [MESSAGE] } },
  "POST /live-chat/like": { answer: { message: "Session liked successfully", total_likes: 311 } },
  "POST /live-chat/like-message/{id}": { answer: { message: "Message liked successfully", likes: 4 } },
  "POST /live-chat/sessions": {
    body: { draw_at: SESSION.draw_at, pre_hours: 1, post_hours: 1 },
    answer: { ...MANAGED, state: "scheduled", is_active: false, total_likes: 0, peak_viewers: 0, unique_viewers: 0, winners: [] },
  },
  "GET /live-chat/sessions": { answer: { sessions: [MANAGED], next_before: null } },
  "PATCH /live-chat/sessions/{id}": { body: { post_hours: 2 }, answer: { ...MANAGED, closes_at: "2026-03-01T20:30:00.000Z" } },
  "POST /live-chat/sessions/{id}/close": { answer: { ...MANAGED, state: "closed", is_active: false } },
  "POST /live-chat/sessions/{id}/cancel": { answer: { ...MANAGED, state: "cancelled", is_active: false } },
  "PUT /live-chat/sessions/{id}/winners/{user_id}": {},
  "DELETE /live-chat/sessions/{id}/winners/{user_id}": {},
  "POST /live-chat/users/{user_id}/disconnect": {},
  ...CONVERSATION_EXAMPLES,
  "POST /uploads": { body: { file: "the bytes of receipt.png" }, answer: UPLOAD },
  "POST /demo/token": {
    body: { username: "ann" },
    answer: { token: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl", user_id: 1_000_000_007, username: "ann" },
  },
};

/** What a status mostly means. */
const PROBLEM_CODES: Readonly<Record<string, ErrorCode>> = {
  "400": "bad_request",
  "401": "unauthorized",
  "403": "forbidden",
  "404": "not_found",
  "409": "conflict",
  "413": "too_large",
  "415": "unsupported_media_type",
  "416": "range_not_satisfiable",
  "422": "bad_image",
  "429": "rate_limited",
  "503": "unavailable",
  "507": "storage_full",
};
const LIVE_CHAT_CODES: typeof PROBLEM_CODES = { ...PROBLEM_CODES, "403": "chat_disabled" };
const RATE_LIMITED = new ClientError("rate_limited", { retryAfterMs: 2_400 });
const RETRY_AFTER = { "Retry-After": { description: "Seconds, rounded up", schema: { type: "integer" }, example: 3 } };
const ETAG = { ETag: { description: "For If-None-Match", schema: { type: "string" }, example: '"IQ0NxvQTkDPOYQSnaFRVMlPE8dE"' } };
/** Calls that answer 304 to who has the answer. */
const TAGGED_CALLS = ["GET /live-chat/status", "GET /live-chat/messages"];

type Part = Record<string, unknown>;

/** The same document, with examples and the headers that matter. */
export function withExamples<T extends { paths?: object }>(document: T): T {
  for (const [path, methods] of partsOf(document.paths)) {
    for (const [method, operation] of partsOf(methods)) addTo(operation, `${method.toUpperCase()} ${path}`);
  }
  return document;
}

function addTo(operation: Part, call: string): void {
  const example = CALL_EXAMPLES[call];
  const codes = call.includes(" /live-chat/") ? LIVE_CHAT_CODES : PROBLEM_CODES;
  const isTagged = TAGGED_CALLS.includes(call);
  setExample(operation.requestBody, example?.body);
  for (const [status, response] of partsOf(operation.responses)) {
    if (status.startsWith("2")) {
      setExample(response, example?.answer);
      if (isTagged) response.headers = ETAG;
    } else {
      const code = codes[status];
      if (code !== undefined) setExample(response, problemOf(code === "rate_limited" ? RATE_LIMITED : new ClientError(code)));
      if (status === "429" || status === "503") response.headers = RETRY_AFTER;
    }
  }
  if (isTagged && isPart(operation.responses)) operation.responses["304"] = { description: "If-None-Match names it", headers: ETAG };
}

function setExample(holder: unknown, example: object | undefined): void {
  if (example === undefined || !isPart(holder)) return;
  for (const [, content] of partsOf(holder.content)) content.example = example;
}

function isPart(value: unknown): value is Part {
  return typeof value === "object" && value !== null;
}

function partsOf(value: unknown): [string, Part][] {
  return isPart(value) ? Object.entries(value).flatMap(([name, part]) => (isPart(part) ? [[name, part] as [string, Part]] : [])) : [];
}
