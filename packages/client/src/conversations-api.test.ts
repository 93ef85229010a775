import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConversationsApi } from "./conversations-api.ts";
import { ApiError } from "./rest.ts";

interface Asked {
  method: string;
  url: string;
  authorization: string;
  body: string;
}

let server: Server;
let url: string;
const asked: Asked[] = [];
/** What the server answers next, in order; 204 where nothing is left. */
const answers: { status: number; body?: unknown; headers?: Record<string, string> }[] = [];

beforeEach(async () => {
  asked.length = 0;
  answers.length = 0;
  server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address() as AddressInfo;
  url = `http://127.0.0.1:${address.port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "", url: path = "", headers } = request;
  asked.push({ method, url: path, authorization: headers.authorization ?? "", body: await text(request) });
  const { status, body, headers: more } = answers.shift() ?? { status: 204 };
  response.writeHead(status, { "content-type": "application/json", ...more });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

const MESSAGE = {
  id: 11,
  conversation_id: 9,
  user_id: 1,
  username: "ann",
  profile_pic: null,
  role: "agent",
  message: "hello",
  message_type: "text",
  attachment: null,
  created_at: "2026-01-01T20:00:00.000Z",
  edited_at: null,
  deleted_at: null,
};

async function refusalOf(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error("it was not refused");
  return error;
}

test("a call carries the token, its query without what is not told, and its body as JSON", async () => {
  const api = new ConversationsApi({ url, token: "t1" });
  answers.push({ status: 200, body: { conversations: [], next_before: null } });
  await api.listConversations({ assignee: "none", limit: 20 });
  answers.push({ status: 201, body: { message: MESSAGE, duplicate: false } });
  await api.sendMessage(9, { client_id: "c", message: "hello" });
  expect(asked).toEqual([
    { method: "GET", url: "/conversations?assignee=none&limit=20", authorization: "Bearer t1", body: "" },
    { method: "POST", url: "/conversations/9/messages", authorization: "Bearer t1", body: '{"client_id":"c","message":"hello"}' },
  ]);
});

test("a token that has ended is renewed once, and only once", async () => {
  const tokens = ["old", "new", "newest"];
  const api = new ConversationsApi({ url, getToken: async () => tokens.shift() ?? "" });
  const expired = { status: 401, body: { code: "unauthorized", detail: "A valid token is needed." } };
  answers.push(expired);
  await api.markTyping(9, true);
  answers.push(expired, expired);
  expect((await refusalOf(api.markTyping(9, true))).code).toBe("unauthorized");
  expect(asked.map(({ authorization }) => authorization)).toEqual(["Bearer old", "Bearer new", "Bearer new", "Bearer newest"]);
});

test("a refusal has the code of the problem, what else it says, and when to come again", async () => {
  const api = new ConversationsApi({ url, token: "t1" });
  const problem = { code: "newer_messages", detail: "Something newer was said.", missed: [MESSAGE] };
  answers.push({ status: 409, body: problem });
  const refusal = await refusalOf(api.sendMessage(9, { client_id: "c", message: "hello", if_last_id: 10 }));
  expect(refusal).toMatchObject({ status: 409, code: "newer_messages", message: "Something newer was said.", problem });
  answers.push({ status: 429, body: { code: "rate_limited" }, headers: { "retry-after": "7" } });
  expect(await refusalOf(api.findMe())).toMatchObject({ code: "rate_limited", retryAfterMs: 7_000 });
});

test("an answer that is not what was asked for, a proxy's page, and no answer are refusals too", async () => {
  const api = new ConversationsApi({ url, token: "t1" });
  answers.push({ status: 200, body: { messages: [{ id: "eleven" }], next_before: null, next_after: null } });
  expect((await refusalOf(api.listMessages(9))).code).toBe("unexpected");
  answers.push({ status: 502 });
  expect(await refusalOf(api.listMessages(9))).toMatchObject({ status: 502, code: "unavailable" });
  server.closeAllConnections();
  server.close();
  expect(await refusalOf(api.listMessages(9))).toMatchObject({ status: 0, code: "offline" });
});

test("a file goes as one part under its name, and comes back as bytes", async () => {
  const api = new ConversationsApi({ url, token: "t1" });
  const upload = { upload_id: "u", name: "a.png", content_type: "image/png", size_bytes: 3, width: 1, height: 1, conversation_id: 9 };
  answers.push({ status: 201, body: upload });
  const shares: number[] = [];
  const file = new Blob(["abc"], { type: "image/png" });
  expect(await api.upload(9, file, { name: "a.png", onProgress: (share) => shares.push(share) })).toEqual(upload);
  expect(asked[0]).toMatchObject({ method: "POST", url: "/uploads?conversation_id=9", authorization: "Bearer t1" });
  expect(asked[0]?.body).toMatch(/name="file"; filename="a\.png"\r\nContent-Type: image\/png\r\n\r\nabc\r\n/);
  expect(shares).toEqual([1]);
  answers.push({ status: 200, body: "bytes" });
  expect(await (await api.downloadFile("u", { thumbnail: true })).text()).toBe('"bytes"');
  expect(asked[1]?.url).toBe("/uploads/u?size=thumbnail");
});

test("a cancelled call rejects with the reason", async () => {
  const api = new ConversationsApi({ url, token: "t1" });
  const reason = new Error("cancelled");
  await expect(api.upload(9, new Blob(["abc"]), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
