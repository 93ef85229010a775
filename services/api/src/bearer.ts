/** Who calls: a token in `Authorization: Bearer`, in exactly one header, verified before the body is read. */
import type { IncomingMessage } from "node:http";
import type { Identity, Role, TokenVerifier } from "@drawchat/auth/token";
import { ClientError } from "@drawchat/protocol/errors";
import type { FastifyReply, FastifyRequest } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** Set by the hook of `authenticate`; use `callerOf`. */
    identity: Identity | undefined;
  }
}

export type RequestHook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export function authenticate(verifier: TokenVerifier): RequestHook {
  return async (request) => {
    const verdict = await verifier.verify(readBearer(request.raw));
    if (verdict.kind === "ok") request.identity = verdict.identity;
    else throw new ClientError(verdict.reason === "keys_unavailable" ? "unavailable" : "unauthorized");
  };
}

function readBearer({ headers, rawHeaders }: IncomingMessage): string {
  const token = tokenIn(headers.authorization);
  // Node keeps the first of two such headers and drops the second in silence.
  const given = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "authorization").length;
  if (token === undefined || given > 1) throw new ClientError("unauthorized");
  return token;
}

/** The token of an Authorization header; undefined where it has none. */
export function tokenIn(authorization: string | undefined): string | undefined {
  return /^Bearer ([^\s,]+)$/i.exec(authorization ?? "")?.[1];
}

/** The caller of a route behind `authenticate`. */
export function callerOf(request: FastifyRequest): Identity {
  if (request.identity === undefined) throw new ClientError("unauthorized");
  return request.identity;
}

/** Goes behind `authenticate`. */
export function requireRole(role: Role): RequestHook {
  return async (request) => {
    if (callerOf(request).roles.includes(role)) return;
    request.log.info({ user_id: callerOf(request).userId, route: request.routeOptions.url }, "role refused");
    throw new ClientError("forbidden");
  };
}
