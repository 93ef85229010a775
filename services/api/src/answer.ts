/** An answer kept ready to send, with a tag by which a client asks "another one than this?". */
import { hash } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Query } from "./query.ts";

export interface Answer {
  readonly body: string | Buffer;
  /** Of the whole body; or weak (`W/`), of what matters in it. */
  readonly etag: string;
  /** Default: as all answers, never to be kept. */
  readonly cacheControl?: string;
}

/** What a route of reads does. Rejects with a `ClientError`, or where a store is away. */
export type AnswerRead = (query: Query) => Promise<Answer>;

export const ANSWER_TYPE = "application/json; charset=utf-8";

export function answerOf(body: object): Answer {
  const text = JSON.stringify(body);
  return { body: Buffer.from(text), etag: etagOf(text) };
}

export function etagOf(text: string): string {
  return `"${hash("sha1", text, "base64url")}"`;
}

/** The body, or 304 where the client has it. */
export function sendAnswer({ headers }: FastifyRequest, reply: FastifyReply, { body, etag, cacheControl }: Answer): FastifyReply {
  if (cacheControl !== undefined) reply.header("cache-control", cacheControl);
  reply.header("etag", etag);
  if (isKnown(headers["if-none-match"], etag)) return reply.code(304).send();
  return reply.type(ANSWER_TYPE).send(body);
}

/** Whether the client has it, by its If-None-Match. The weak comparison of RFC 9110: `W/` does not count. */
export function isKnown(list: string | undefined, etag: string): boolean {
  if (list === undefined) return false;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return list.trim() === "*" || list.split(",").some((tag) => opaque(tag) === opaque(etag));
}
