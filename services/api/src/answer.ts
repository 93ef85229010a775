/** An answer kept as bytes, ready to send, with a tag by which a client asks "another one than this?". */
import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";

export interface Answer {
  readonly bytes: Buffer;
  /** Of the whole answer, or weak (`W/`): of what matters in it. */
  readonly etag: string;
}

/** `tagged`: what the weak tag is of, where the bytes hold something that always moves. */
export function answerOf(body: object, tagged?: object): Answer {
  const text = JSON.stringify(body);
  const digest = hash("sha1", tagged === undefined ? text : JSON.stringify(tagged), "base64url");
  return { bytes: Buffer.from(text), etag: tagged === undefined ? `"${digest}"` : `W/"${digest}"` };
}

/** The bytes, or 304 where the client has them. */
export function sendAnswer(request: FastifyRequest, reply: FastifyReply, { bytes, etag }: Answer): FastifyReply {
  reply.header("etag", etag);
  const known = request.headers["if-none-match"];
  if (known !== undefined && isAmong(known, etag)) return reply.code(304).send();
  return reply.type("application/json; charset=utf-8").send(bytes);
}

/** The weak comparison of RFC 9110: `W/` does not count. */
function isAmong(list: string, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return list.trim() === "*" || list.split(",").some((tag) => opaque(tag) === opaque(etag));
}
