/**
 * Every code that a client can see, in one place: close codes of sockets, codes in `error` and `rejected` frames,
 * codes of REST problem documents.
 */

/**
 * WebSocket close codes. The range tells a client what to do: 4000-4499 come back (with backoff),
 * 4500-4999 do not come back by yourself. 1012 and 1013: come back. 1008: your frames were bad.
 */
export const CLOSE = {
  badFrames: { code: 1008, reason: "repeated bad frames" },
  internal: { code: 1011, reason: "internal error" },
  drain: { code: 1012, reason: "gateway is restarting" },
  overloaded: { code: 1013, reason: "try again later" },
  lifetime: { code: 4000, reason: "connection lifetime reached" },
  slowReader: { code: 4008, reason: "reads too slowly" },
  flood: { code: 4029, reason: "too many frames" },
  resumeRefused: { code: 4030, reason: "resume refused" },
  token: { code: 4501, reason: "token missing, bad, expired or revoked" },
  forbidden: { code: 4503, reason: "banned or forbidden" },
  session: { code: 4504, reason: "session unknown, over or disabled" },
  replaced: { code: 4509, reason: "a newer socket of the same user took its place" },
} as const satisfies Record<string, { code: number; reason: string }>;

export type CloseName = keyof typeof CLOSE;

/** True when a client may reconnect after this close code by itself. Unknown codes (1006 among them): yes. */
export function mayReconnect(closeCode: number): boolean {
  if (closeCode === CLOSE.badFrames.code) return false;
  return closeCode < 4500 || closeCode > 4999;
}

/** Codes of `error` and `rejected` frames and of REST problems: a fixed sentence, the HTTP status, whether to retry. */
export const ERRORS = {
  bad_format: { status: 400, message: "The frame is not valid.", retry: false },
  unknown_type: { status: 400, message: "This type of frame is not known.", retry: false },
  bad_message: { status: 400, message: "The message must be text.", retry: false },
  empty_message: { status: 400, message: "The message is empty.", retry: false },
  too_long: { status: 400, message: "The message is too long.", retry: false },
  too_large: { status: 413, message: "The frame or body is too large.", retry: false },
  bad_text: { status: 400, message: "The message has characters that are not allowed.", retry: false },
  bad_client_id: { status: 400, message: "The client_id must be a UUID.", retry: false },
  bad_id: { status: 400, message: "The id is not valid.", retry: false },
  bad_limit: { status: 400, message: "The limit must be a whole number from 1 to 100.", retry: false },
  bad_request: { status: 400, message: "The request is not valid.", retry: false },
  already_liked: { status: 409, message: "Already liked.", retry: false },
  not_found: { status: 404, message: "There is no such thing here.", retry: false },
  session_not_found: { status: 404, message: "There is no such session.", retry: false },
  method_not_allowed: { status: 405, message: "This method is not allowed here.", retry: false },
  unsupported_media_type: { status: 415, message: "The content type must be application/json.", retry: false },
  newer_messages: { status: 409, message: "Something newer was said in the conversation.", retry: false },
  bot_off: { status: 409, message: "The conversation is with an agent; the bot is silent in it.", retry: false },
  user_deactivated: { status: 403, message: "This user was deactivated.", retry: false },
  too_many_rooms: { status: 409, message: "This socket is in too many conversations; leave one first.", retry: false },
  bad_attachment: { status: 400, message: "There is no such upload of yours for this conversation, or it is used already.", retry: false },
  bad_multipart: { status: 400, message: "The body must be multipart/form-data with exactly one file.", retry: false },
  type_mismatch: { status: 415, message: "The file is not what it says, or of a kind that is not taken.", retry: false },
  bad_image: { status: 422, message: "The image cannot be read, or is too large in pixels or frames.", retry: false },
  bad_pdf: { status: 422, message: "The PDF cannot be read, or is encrypted.", retry: false },
  active_pdf: { status: 422, message: "The PDF holds scripts, launch actions, forms or files; it is not taken.", retry: false },
  range_not_satisfiable: { status: 416, message: "This range cannot be served.", retry: false },
  storage_full: { status: 507, message: "There is no space for the file now; try again later.", retry: true },
  conflict: { status: 409, message: "It conflicts with something that exists.", retry: false },
  chat_closed: { status: 403, message: "The chat is not open.", retry: false },
  chat_disabled: { status: 403, message: "Live chat is disabled.", retry: false },
  unauthorized: { status: 401, message: "A valid token is needed.", retry: false },
  ambiguous_credentials: { status: 400, message: "Two different tokens were given.", retry: false },
  forbidden: { status: 403, message: "Your roles do not allow this.", retry: false },
  origin_refused: { status: 403, message: "This origin is not allowed.", retry: false },
  bad_handshake: { status: 400, message: "This is not a valid WebSocket handshake.", retry: false },
  upgrade_version: { status: 426, message: "Only WebSocket version 13 is spoken here.", retry: false },
  rate_limited: { status: 429, message: "Too many; wait a little.", retry: true },
  busy: { status: 503, message: "The server is catching up; try again.", retry: true },
  unavailable: {
    status: 503,
    message: "The server cannot reach its store; it is not known whether this took effect.",
    retry: true,
  },
  overloaded: { status: 503, message: "This server takes no more connections now; try again.", retry: true },
  draining: { status: 503, message: "This server is stopping; try again.", retry: true },
  not_stored: { status: 500, message: "The message was shown but could not be stored, and was withdrawn.", retry: false },
  internal: { status: 500, message: "Something went wrong on the server.", retry: true },
} as const satisfies Record<string, { status: number; message: string; retry: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

/** A refusal that goes to the one who asked, under its code. `retryAfterMs` says when to come again. */
export class ClientError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, options: { detail?: string; retryAfterMs?: number; cause?: unknown } = {}) {
    super(options.detail ?? ERRORS[code].message, { cause: options.cause });
    this.name = "ClientError";
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}
