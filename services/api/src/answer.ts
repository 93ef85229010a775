/** An answer kept ready to send, with a tag by which a client asks "another one than this?". */
import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";

export interface Answer {
  readonly body: string | Buffer;
  /** Of the whole body; or weak (`W/`), of what matters in it. */
  readonly etag: string;
}

export function answerOf(body: object): Answer {
  const text = JSON.stringify(body);
  return { body: Buffer.from(text), etag: etagOf(text) };
}

export function etagOf(text: string): string {
  return `"${hash("sha1", text, "base64url")}"`;
}

/** The body, or 304 where the client has it. */
export function sendAnswer(request: FastifyRequest, reply: FastifyReply, { body, etag }: Answer): FastifyReply {
  reply.header("etag", etag);
  if (isKnown(request, etag)) return reply.code(304).send();
  return reply.type("application/json; charset=utf-8").send(body);
}

/** Whether the client has it. */
export function isKnown({ headers }: FastifyRequest, etag: string): boolean {
  const known = headers["if-none-match"];
  return known !== undefined && isAmong(known, etag);
}

/** The weak comparison of RFC 9110: `W/` does not count. */
function isAmong(list: string, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return list.trim() === "*" || list.split(",").some((tag) => opaque(tag) === opaque(etag));
}
