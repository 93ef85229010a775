/**
 * The checks before an upgrade, all synchronous: form, origin, credentials' presence and size. What is about the token
 * itself, or about the session, is answered after the upgrade by a close code, which a browser can read.
 */
import type { ErrorCode } from "@drawchat/protocol/errors";
import { V2_SUBPROTOCOL } from "@drawchat/protocol/frames";
import { parseId } from "@drawchat/protocol/ids";

export interface HandshakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly header: (name: string) => string;
  /** How many Host headers there are: proxies and we might each believe another one. */
  readonly hosts: number;
}

export interface HandshakeRules {
  readonly allowedOrigins: readonly string[];
  readonly isAnyOriginAllowed: boolean;
}

/** What a socket came for: a session's live chat, or all of its user's conversations. */
export type SocketPath = { readonly kind: "session"; readonly sessionId: number } | { readonly kind: "conversations" };

export interface Handshake {
  readonly path: SocketPath;
  readonly version: 1 | 2;
  /** Empty where none was given: closed with 4501 after the upgrade. */
  readonly token: string;
  /** What the response names; absent for version 1. */
  readonly subprotocol: string | undefined;
}

export type HandshakeVerdict = { ok: true; handshake: Handshake } | { ok: false; code: ErrorCode };

const LIVE_CHAT_PATH = "/live-chat/ws/";
export const CONVERSATIONS_PATH = "/conversations/ws";
const MAX_TOKEN_BYTES = 4_096;
const BEARER_SUBPROTOCOL = "bearer.";

export function judgeHandshake(request: HandshakeRequest, rules: HandshakeRules): HandshakeVerdict {
  const path = readPath(request.path);
  if (typeof path === "string") return { ok: false, code: path };
  const malformed = malformedHandshake(request);
  if (malformed !== undefined) return { ok: false, code: malformed };
  if (!isOriginAllowed(request, rules)) return { ok: false, code: "origin_refused" };

  const offered = request
    .header("sec-websocket-protocol")
    .split(",")
    .map((part) => part.trim());
  const tokens = tokensOf(request, offered);
  const token = tokens[0] ?? "";
  if (tokens.some((other) => other !== token)) return { ok: false, code: "ambiguous_credentials" };
  if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) return { ok: false, code: "unauthorized" };
  const isV2 = offered.includes(V2_SUBPROTOCOL);
  if (path.kind === "conversations" && !isV2) return { ok: false, code: "bad_handshake" };
  return { ok: true, handshake: { path, version: isV2 ? 2 : 1, token, subprotocol: isV2 ? V2_SUBPROTOCOL : undefined } };
}

/** A code where there is no such socket. */
function readPath(path: string): SocketPath | ErrorCode {
  if (path === CONVERSATIONS_PATH) return { kind: "conversations" };
  if (!path.startsWith(LIVE_CHAT_PATH)) return "not_found";
  const sessionId = parseId(path.slice(LIVE_CHAT_PATH.length));
  return sessionId === undefined ? "session_not_found" : { kind: "session", sessionId };
}

/** What uWebSockets does not take for an upgrade: another method, a key of another length or none. */
export function judgePlainRequest({ method, path, header }: Omit<HandshakeRequest, "query" | "hosts">): ErrorCode {
  if (path !== CONVERSATIONS_PATH && !path.startsWith(LIVE_CHAT_PATH)) return "not_found";
  if (method !== "get") return "method_not_allowed";
  return header("sec-websocket-version") === "13" ? "not_found" : "upgrade_version";
}

/** uWebSockets answers 101 without looking at any of these. */
function malformedHandshake({ header, hosts }: HandshakeRequest): ErrorCode | undefined {
  if (hosts !== 1) return "bad_handshake";
  if (header("sec-websocket-version") !== "13") return "upgrade_version";
  if (header("upgrade").toLowerCase() !== "websocket") return "bad_handshake";
  const connection = header("connection")
    .toLowerCase()
    .split(/\s*,\s*/);
  if (!connection.includes("upgrade")) return "bad_handshake";
  if (!/^[A-Za-z0-9+/]{22}==$/.test(header("sec-websocket-key"))) return "bad_handshake";
  return undefined;
}

/** No Origin is a client that is no browser. Our own host always passes (the page at `/`), others are on the list. */
function isOriginAllowed({ header }: HandshakeRequest, { allowedOrigins, isAnyOriginAllowed }: HandshakeRules): boolean {
  const origin = header("origin");
  if (origin === "" || isAnyOriginAllowed || allowedOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === header("host");
}

/** Every token given, by whichever way: `?token=`, `Authorization: Bearer`, subprotocol `bearer.<jwt>`. */
function tokensOf({ query, header }: HandshakeRequest, offered: readonly string[]): string[] {
  const tokens = new URLSearchParams(query).getAll("token");
  const bearer = /^bearer +(.*)$/i.exec(header("authorization").trim());
  if (bearer?.[1] !== undefined) tokens.push(bearer[1]);
  for (const protocol of offered) {
    if (protocol.startsWith(BEARER_SUBPROTOCOL)) tokens.push(protocol.slice(BEARER_SUBPROTOCOL.length));
  }
  return tokens.filter((token) => token !== "");
}
