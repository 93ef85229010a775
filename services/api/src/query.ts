/** Query parameters, parsed by hand: nothing is coerced, clamped or taken from a repeated parameter. */
import { ClientError, type ErrorCode } from "@drawchat/protocol/errors";
import type { SessionState } from "@drawchat/protocol/frames";
import { parseId } from "@drawchat/protocol/ids";
import { isSessionState } from "@drawchat/redis/room-state";

/** As Fastify parsed it: a repeated parameter is an array. */
export type Query = Readonly<Record<string, unknown>>;

/** A whole number from 1 to `max`; the default where the parameter is absent. Throws `bad_limit`. */
export function readLimit(query: Query, { max, fallback }: { max: number; fallback: number }): number {
  const text = query.limit;
  if (text === undefined) return fallback;
  const limit = typeof text === "string" ? parseId(text) : undefined;
  if (limit === undefined || limit > max) {
    throw new ClientError("bad_limit", { detail: `The limit must be a whole number from 1 to ${max}.` });
  }
  return limit;
}

/** An id, or undefined where the parameter is absent. Throws `bad_id`. */
export function readOptionalId(query: Query, name: string): number | undefined {
  return query[name] === undefined ? undefined : readId(query, name);
}

export function readId(query: Query, name: string): number {
  const text = query[name];
  const id = typeof text === "string" ? parseId(text) : undefined;
  if (id === undefined) throw new ClientError("bad_id", { detail: `${name} must be an id.` });
  return id;
}

/** A state of sessions, or undefined where the parameter is absent. Throws `bad_request`. */
export function readOptionalState(query: Query): SessionState | undefined {
  const text = query.state;
  if (text === undefined || (typeof text === "string" && isSessionState(text))) return text;
  throw new ClientError("bad_request", { detail: "state must be scheduled, open, closed or cancelled." });
}

/** One of a few words, or undefined where the parameter is absent. Throws `bad_request`. */
export function readOptionalWord<Word extends string>(query: Query, name: string, words: readonly Word[]): Word | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const word = words.find((each) => each === text);
  if (word === undefined) throw new ClientError("bad_request", { detail: `${name} must be one of ${words.join(", ")}.` });
  return word;
}

/** A text without white space around it, or undefined where the parameter is absent. Throws `bad_request` where it is empty or longer. */
export function readOptionalText(query: Query, name: string, maxChars: number): string | undefined {
  const raw = query[name];
  if (raw === undefined) return undefined;
  const text = typeof raw === "string" && raw.isWellFormed() ? raw.replaceAll("\0", "").trim() : "";
  if (text === "" || [...text].length > maxChars) {
    throw new ClientError("bad_request", { detail: `${name} must have 1 to ${maxChars} characters.` });
  }
  return text;
}

/** An id in a path: whatever is not one is simply not found. */
export function readPathId(text: string | undefined, missing: ErrorCode = "not_found"): number {
  const id = text === undefined ? undefined : parseId(text);
  if (id === undefined) throw new ClientError(missing);
  return id;
}

/** The same for a UUID. */
export function readPathUuid(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw new ClientError("not_found");
  return text.toLowerCase();
}
