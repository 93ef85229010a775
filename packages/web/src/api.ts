/** The REST calls of the chat. A refusal is an ApiError with the code of the problem document. */
import { ApiError, fetchOk, readBody } from "@drawchat/client/rest";
import { isRecord } from "@drawchat/client/shape";
import type { ChatMessage } from "@drawchat/protocol/frames";
import type { DemoRole, Status } from "@drawchat/protocol/rest";
import type { Access } from "./access.ts";

export type ChatStatus = Status | { enabled: false; message: string };

/** Signs in by name alone and resolves with the token; only development servers have this. */
export async function signInAsDemo(server: string, { username, role }: { username: string; role?: DemoRole }): Promise<string> {
  const response = await fetchOk(`${server}/demo/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ username, role }),
  });
  return readBody<{ token: string }>(await response.json(), { token: "string" }).token;
}

/** Of one session; without its id of the current one. */
export async function fetchStatus(access: Access, sessionId: number | undefined): Promise<ChatStatus> {
  const body = await call(access, "GET", `/live-chat/status${sessionId === undefined ? "" : `?session_id=${sessionId}`}`);
  return readBody<ChatStatus>(body, isStatus);
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

async function call(access: Access, method: string, path: string): Promise<Record<string, unknown>> {
  return await access.rest.json({ method, path }, isRecord);
}

function isStatus(body: unknown): boolean {
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
