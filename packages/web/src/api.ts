/** The REST calls of the chat. A refusal is an ApiError with the code of the problem document. */
import { isRecord } from "@drawchat/client/decode";
import type { ChatMessage } from "@drawchat/protocol/frames";
import type { Status } from "@drawchat/protocol/rest";
import type { Access } from "./access.ts";

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

/** Signs in by name alone and resolves with the token; only development servers have this. */
export async function signInAsDemo(server: string, { username, isHost }: { username: string; isHost: boolean }): Promise<string> {
  const { token } = await request(`${server}/demo/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(isHost ? { username, role: "host" } : { username }),
  });
  if (typeof token !== "string") throw unexpected();
  return token;
}

/** Of one session; without its id of the current one. */
export async function fetchStatus(access: Access, sessionId: number | undefined): Promise<ChatStatus> {
  const body = await call(access, "GET", `/live-chat/status${sessionId === undefined ? "" : `?session_id=${sessionId}`}`);
  if (!isStatus(body)) throw unexpected();
  return body;
}

/** The last lines of a session, oldest first. */
export async function fetchMessages(access: Access, sessionId: number): Promise<ChatMessage[]> {
  const { messages } = await call(access, "GET", `/live-chat/messages?limit=100&session_id=${sessionId}`);
  return Array.isArray(messages) ? messages.filter(isChatMessage) : [];
}

/** The total after the like; undefined where it was liked already. */
export async function likeSession(access: Access, sessionId: number): Promise<number | undefined> {
  return await like(access, `/live-chat/like?session_id=${sessionId}`, "total_likes");
}

/** The message's likes after the like; undefined where it was liked already. */
export async function likeMessage(access: Access, messageId: number): Promise<number | undefined> {
  return await like(access, `/live-chat/like-message/${messageId}`, "likes");
}

async function like(access: Access, path: string, field: string): Promise<number | undefined> {
  try {
    const count = (await call(access, "POST", path))[field];
    return typeof count === "number" ? count : undefined;
  } catch (error) {
    if (error instanceof ApiError && error.code === "already_liked") return undefined;
    throw error;
  }
}

/** A token that has ended is renewed once, where that can be done. */
async function call(access: Access, method: string, path: string): Promise<Record<string, unknown>> {
  const callWith = (token: string) => request(access.server + path, { method, headers: { authorization: `Bearer ${token}` } });
  try {
    return await callWith(await access.token());
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401 && access.isRenewable)) throw error;
    return await callWith(await access.renew());
  }
}

async function request(url: string, init: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(url, init);
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
