/** Raw headers as Node hands them over, name and value in turn: passed on in their order and spelling. */
import type { IncomingMessage } from "node:http";

const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer"]);

/**
 * The request's headers with `X-Forwarded-For` replaced by the peer's address: this is the outermost hop, so what a
 * client claims about its own address is dropped.
 */
export function forwardedHeaders(request: IncomingMessage): string[] {
  const peer = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  return [...withoutNames(request.rawHeaders, new Set(["x-forwarded-for"])), "X-Forwarded-For", peer];
}

/** Without what belongs to one connection only. `also`: more names, lower case. */
export function endToEndHeaders(raw: readonly string[], also: readonly string[]): string[] {
  return withoutNames(raw, new Set([...HOP_BY_HOP, ...also]));
}

function withoutNames(raw: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? "";
    if (!names.has(name.toLowerCase())) kept.push(name, raw[i + 1] ?? "");
  }
  return kept;
}
