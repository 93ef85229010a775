/** Reads answered ahead of Fastify, over real connections: byte for byte what its routes answer, and everything else is theirs. */
import { once } from "node:events";
import { get, type IncomingHttpHeaders } from "node:http";
import { addSession } from "@drawchat/testkit/sessions";
import { beforeAll, expect, test } from "vitest";
import { post, testApi, testStores, tokenOf } from "./test-api.ts";

const ORIGIN = "https://chat.example.com";
const answered: string[] = [];
const { app, parts, database } = await testApi(await testStores(), {
  server: { allowedOrigins: [ORIGIN], onAnswer: (route, status) => void answered.push(`${route} ${status}`) },
});
let base = "";
let token = "";

beforeAll(async () => {
  const session = await addSession(database.db);
  parts.sessions.forget();
  await post(parts.acceptor, session.id, ["one", "two"]);
  base = await app.listen({ host: "127.0.0.1", port: 0 });
  token = await tokenOf(1);
  await ask("/live-chat/status"); // its verdict is known from here on
});

interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

async function ask(path: string, headers: Record<string, string | string[]> = {}): Promise<Got> {
  const request = get(`${base}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers } });
  const [response] = await once(request, "response");
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

/** A request that announces a body, though an empty one, goes to Fastify. */
const BY_ROUTE = { "content-length": "0" };

function withoutTime({ status, headers, body }: Got): unknown {
  const { date: _date, etag: _etag, ...kept } = headers;
  return { status, headers: kept, body: body.replace(/"server_time":"[^"]+"/, "") };
}

test.each([
  ["/live-chat/status", {}],
  ["/live-chat/messages", {}],
  ["/live-chat/messages?limit=1", { origin: ORIGIN }],
])("%s is the same by both ways", async (path, headers) => {
  const [ahead, routed] = [await ask(path, headers), await ask(path, { ...headers, ...BY_ROUTE })];
  expect(withoutTime(ahead)).toEqual(withoutTime(routed));
  expect(ahead.status).toBe(200);
  expect(answered.slice(-2)).toEqual([`${path.split("?")[0]} 200`, `${path.split("?")[0]} 200`]);
});

test("who has the page is told so by both ways", async () => {
  const { etag = "" } = (await ask("/live-chat/messages")).headers;
  const headers = { "if-none-match": etag };
  const [ahead, routed] = [await ask("/live-chat/messages", headers), await ask("/live-chat/messages", { ...headers, ...BY_ROUTE })];
  expect(withoutTime(ahead)).toEqual(withoutTime(routed));
  expect(ahead).toMatchObject({ status: 304, body: "" });
});

test.each([
  ["/live-chat/messages?limit=0", {}, 400],
  ["/live-chat/messages?limit=1&limit=2", {}, 400],
  ["/live-chat/messages?session_id=999999999", {}, 404],
  ["/live-chat/status", { authorization: "Bearer nonsense" }, 401],
])("%s with %o is refused as Fastify refuses it", async (path, headers, status) => {
  const [ahead, routed] = [await ask(path, headers), await ask(path, { ...headers, ...BY_ROUTE })];
  expect(ahead.status).toBe(status);
  expect(ahead.body).toBe(routed.body);
});
