/** Every error leaves as a problem document (RFC 9457) with a code of the error table; never a stack, never the input. */
import { ClientError, ERRORS, type ErrorCode } from "@drawchat/protocol/errors";
import type { Problem } from "@drawchat/protocol/rest";
import type { FastifyReply } from "fastify";
import { isDependencyError } from "./dependency-errors.ts";

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";
const THROWN_AWAY_BYTES = 64 * 1024 * 1024;
/** What a client waits for where nothing better is known. */
const RETRY_AFTER_MS = 1_000;

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};

/** Errors of Fastify that have a code of ours; other 4xx of it are `bad_request`. */
const FRAMEWORK_CODES: Record<string, ErrorCode> = {
  FST_ERR_MAX_PARAM_LENGTH: "not_found",
  FST_ERR_CTP_BODY_TOO_LARGE: "too_large",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "unsupported_media_type",
};

/** The client's error as it is, a store that is away as `unavailable`, anything else as `internal`. */
export function asClientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  if (isDependencyError(error)) return new ClientError("unavailable", { detail: "A store cannot be reached; try again.", cause: error });
  if (error instanceof Error && "statusCode" in error && typeof error.statusCode === "number" && error.statusCode < 500) {
    const code = "code" in error && typeof error.code === "string" ? FRAMEWORK_CODES[error.code] : undefined;
    return new ClientError(code ?? "bad_request", { cause: error, ...validationDetail(error) });
  }
  return new ClientError("internal", { cause: error });
}

/** Names the fields, never their values. */
function validationDetail(error: Error): { detail?: string } {
  if (!("validation" in error) || !Array.isArray(error.validation)) return {};
  return { detail: `The request is not valid: ${error.message}.` };
}

export function problemOf(error: ClientError, retryAfterMs = error.retryAfterMs): Problem {
  const { status, retry } = ERRORS[error.code];
  const wait = retryAfterMs ?? (retry ? RETRY_AFTER_MS : undefined);
  return {
    type: `urn:drawchat:error:${error.code}`,
    title: TITLES[status] ?? "Error",
    status,
    detail: error.message,
    code: error.code,
    ...(wait === undefined ? {} : { retry_after_ms: wait }),
  };
}

export function sendProblem(reply: FastifyReply, error: ClientError): FastifyReply {
  const problem = problemOf(error);
  if (problem.status === 401) reply.header("www-authenticate", "Bearer");
  if (problem.retry_after_ms !== undefined && problem.status !== 500) {
    reply.header("retry-after", Math.max(1, Math.ceil(problem.retry_after_ms / 1_000)));
  }
  // The rest of such a body is still on its way; nobody will read it.
  if (problem.status === 413 && !endsSoon(reply)) reply.header("connection", "close");
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** What is not much more than was taken is thrown away instead: who still sends does not see an answer before a cut. */
function endsSoon({ request }: FastifyReply): boolean {
  return Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY) < THROWN_AWAY_BYTES;
}
