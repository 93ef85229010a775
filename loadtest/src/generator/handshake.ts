/** The HTTP side of a WebSocket: what a client asks, and what of the answer it needs. */
import { createHash, randomBytes } from "node:crypto";

export interface HandshakeRequest {
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type HandshakeAnswer =
  | { readonly kind: "upgraded"; readonly bodyAt: number }
  | { readonly kind: "refused"; readonly status: number; readonly retryAfterMs: number | undefined };

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
// One for all sockets of a process: the server's answer is then compared, and not computed each time.
const KEY = randomBytes(16).toString("base64");
const ACCEPT = createHash("sha1").update(`${KEY}${GUID}`).digest("base64");
const MAX_HEAD_BYTES = 16_384;

export function handshakeText(host: string, { path, headers }: HandshakeRequest): string {
  const own = { Host: host, Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13" };
  const lines = Object.entries({ ...own, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** Undefined while the head is not whole. Frames begin at `bodyAt`. What is no WebSocket answer is refused with status 0. */
export function readHandshake(received: Buffer): HandshakeAnswer | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end === -1) return received.length > MAX_HEAD_BYTES ? { kind: "refused", status: 0, retryAfterMs: undefined } : undefined;
  const head = received.toString("latin1", 0, end);
  const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(head)?.[1] ?? 0);
  if (status === 101 && headerOf(head, "sec-websocket-accept") === ACCEPT) return { kind: "upgraded", bodyAt: end + 4 };
  const retryAfter = headerOf(head, "retry-after") ?? "";
  const retryAfterMs = /^[0-9]{1,4}$/.test(retryAfter) ? Number(retryAfter) * 1_000 : undefined;
  return { kind: "refused", status: status === 101 ? 0 : status, retryAfterMs };
}

function headerOf(head: string, name: string): string | undefined {
  for (const line of head.split("\r\n").slice(1)) {
    const colon = line.indexOf(":");
    if (line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim();
  }
  return undefined;
}
