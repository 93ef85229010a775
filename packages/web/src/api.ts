/** The REST calls of the page. A refusal is an ApiError with the code of the problem document. */
import { isRecord } from "@drawchat/client/decode";
import type { ChatMessage } from "@drawchat/protocol/frames";
import type { Status } from "@drawchat/protocol/rest";
import type { Person } from "./person.ts";

export type ChatStatus = Status | { enabled: false; message: string };

export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }
}

/** Signs in by name alone; only development servers have this. */
export async function signInAsDemo(username: string, isHost: boolean): Promise<Person> {
  const body = await call("POST", "/demo/token", { body: isHost ? { username, role: "host" } : { username } });
  if (typeof body.token !== "string" || typeof body.user_id !== "number") throw unexpected();
  return { token: body.token, userId: body.user_id, username: typeof body.username === "string" ? body.username : username };
}

export async function fetchStatus(token: string): Promise<ChatStatus> {
  const body = await call("GET", "/live-chat/status", { token });
  if (!isStatus(body)) throw unexpected();
  return body;
}

/** The last lines of a session, oldest first. */
export async function fetchMessages(token: string, sessionId: number): Promise<ChatMessage[]> {
  const { messages } = await call("GET", `/live-chat/messages?limit=100&session_id=${sessionId}`, { token });
  return Array.isArray(messages) ? messages.filter(isChatMessage) : [];
}

/** The total after the like; undefined where it was liked already. */
export async function likeSession(token: string, sessionId: number): Promise<number | undefined> {
  return await like(token, `/live-chat/like?session_id=${sessionId}`, "total_likes");
}

/** The message's likes after the like; undefined where it was liked already. */
export async function likeMessage(token: string, messageId: number): Promise<number | undefined> {
  return await like(token, `/live-chat/like-message/${messageId}`, "likes");
}

async function like(token: string, path: string, field: string): Promise<number | undefined> {
  try {
    const count = (await call("POST", path, { token }))[field];
    return typeof count === "number" ? count : undefined;
  } catch (error) {
    if (error instanceof ApiError && error.code === "already_liked") return undefined;
    throw error;
  }
}

async function call(method: string, path: string, { token, body }: { token?: string; body?: object }): Promise<Record<string, unknown>> {
  const headers: Record<string, string> = {};
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const response = await fetch(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && isRecord(answer)) return answer;
  throw problem(response.status, answer);
}

function problem(status: number, answer: unknown): ApiError {
  if (!isRecord(answer)) return new ApiError(status, "unavailable", "The server did not answer as expected.");
  const code = typeof answer.code === "string" ? answer.code : "unavailable";
  return new ApiError(status, code, typeof answer.detail === "string" ? answer.detail : "The server refused.");
}

function unexpected(): ApiError {
  return new ApiError(200, "unavailable", "The server did not answer as expected.");
}

function isStatus(body: unknown): body is ChatStatus {
  if (!isRecord(body)) return false;
  return body.enabled === false || (body.enabled === true && typeof body.state === "string" && typeof body.server_time === "string");
}

function isChatMessage(value: unknown): value is ChatMessage {
  return (
    isRecord(value) &&
    typeof value.id === "number" &&
    typeof value.user_id === "number" &&
    typeof value.username === "string" &&
    typeof value.message === "string" &&
    typeof value.created_at === "string"
  );
}
