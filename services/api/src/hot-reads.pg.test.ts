/** The reads ahead of Fastify on a real socket: the same bytes as its routes send, and everything else is left to them. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { addSession } from "@drawchat/testkit/sessions";
import { afterAll, beforeEach, expect, test } from "vitest";
import { post, testApi, testStores, tokenOf } from "./test-api.ts";

const ORIGIN = "https://draw.example";
const answered: [string, number][] = [];
const stores = await testStores();
const { app, parts } = await testApi(stores, {
  server: { allowedOrigins: [ORIGIN], onAnswer: (route, status) => answered.push([route, status]) },
});
await app.listen({ host: "127.0.0.1", port: 0 });
const { port } = app.server.address() as AddressInfo;
const token = await tokenOf(1);
const { id: sessionId } = await addSession(stores.database.db);
await post(parts.acceptor, sessionId, ["good luck", "to äll of you"]);

/** Requests that came to Fastify. */
let routed = 0;
const count = () => {
  routed += 1;
};
subscribe("tracing:fastify.request.handler:start", count);
afterAll(() => unsubscribe("tracing:fastify.request.handler:start", count));
beforeEach(() => {
  routed = 0;
  answered.length = 0;
});

const BEARER = `Authorization: Bearer ${token}`;
const PATHS = ["/live-chat/status", "/live-chat/messages"] as const;

/** One request on a connection of its own, as the bytes of the whole answer; the time in it is made one. */
async function raw(target: string, lines: readonly string[] = [BEARER], method = "GET"): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("latin1");
  socket.write([`${method} ${target} HTTP/1.1`, "Host: localhost", ...lines, "", ""].join("\r\n"));
  let received = "";
  while (!isWhole(received, method)) {
    const [text] = await once(socket, "data");
    received += text;
  }
  socket.destroy();
  return received.replace(/Date: [^\r]*/i, "Date: now").replace(/"server_time":"[^"]*"/, '"server_time":"now"');
}

function isWhole(text: string, method: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const length = method === "HEAD" ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
  return end > 0 && text.length >= end + 4 + length;
}

await raw(PATHS[0]); // the verdict about the token is known from here on

test.each(PATHS)("%s is the same to the byte, whoever answers", async (path) => {
  for (const query of ["", `?session_id=${sessionId}`]) {
    const etag = /\r\netag: ([^\r]+)/.exec(await raw(`${path}${query}`))?.[1] ?? "";
    const variants = [
      [],
      [`Origin: ${ORIGIN}`],
      [`If-None-Match: ${etag}`],
      ['If-None-Match: "another"'],
      ["If-None-Match: *", `Origin: ${ORIGIN}`],
    ];
    for (const extra of variants) {
      routed = 0;
      const hot = await raw(`${path}${query}`, [BEARER, ...extra]);
      expect(routed).toBe(0);
      // An empty parameter is not plain, and says nothing.
      const byFastify = await raw(`${path}${query === "" ? "?" : `${query}&`}`, [BEARER, ...extra]);
      expect(routed).toBe(1);
      expect(hot).toBe(byFastify);
    }
  }
});

test("each answer is told to the metrics with its route and status", async () => {
  await raw(`/live-chat/messages?limit=1&session_id=${sessionId}`);
  await raw("/live-chat/messages", [BEARER, "If-None-Match: *"]);
  await raw("/live-chat/status");
  expect(routed).toBe(0);
  expect(answered).toEqual([
    ["/live-chat/messages", 200],
    ["/live-chat/messages", 304],
    ["/live-chat/status", 200],
  ]);
});

test("requests behind each other on one connection are answered in their order", async () => {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("latin1");
  const head = `HTTP/1.1\r\nHost: localhost\r\n${BEARER}\r\n`;
  socket.write(`GET /live-chat/status ${head}\r\nGET /live-chat/messages ${head}\r\nGET /nowhere ${head}Connection: close\r\n\r\n`);
  let received = "";
  socket.on("data", (text: string) => {
    received += text;
  });
  await once(socket, "close");
  expect([...received.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status)).toEqual(["200", "200", "404"]);
  expect(received.indexOf("server_time")).toBeLessThan(received.indexOf('{"messages":'));
});

test.each([
  ["no token", "/live-chat/status", [], 401],
  ["two tokens", "/live-chat/status", [BEARER, BEARER], 401],
  ["a token that is not good", "/live-chat/status", ["Authorization: Bearer a.b.c"], 401],
  ["a session that there is not", "/live-chat/status?session_id=999", [BEARER], 404],
  ["a limit that is none", "/live-chat/messages?limit=0", [BEARER], 400],
  ["a parameter twice", "/live-chat/messages?limit=1&limit=2", [BEARER], 400],
  ["a foreign origin", "/live-chat/status", [BEARER, "Origin: https://elsewhere.example"], 200],
  ["a connection to end", "/live-chat/status", [BEARER, "Connection: close"], 200],
  ["a body", "/live-chat/status", [BEARER, "Content-Length: 0"], 200],
  ["an older page", "/live-chat/messages?before=abc", [BEARER], 400],
] as const)("%s is Fastify's", async (_what, target, lines, status) => {
  const answer = await raw(target, lines);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(routed).toBe(status === 401 ? 0 : 1); // refused ahead of the handler
  await expect.poll(() => answered).toEqual([[target.split("?")[0], status]]);
});

test("another method is Fastify's", async () => {
  expect(await raw("/live-chat/status", [BEARER], "HEAD")).toMatch(/^HTTP\/1.1 200 /);
  expect(routed).toBe(1);
});
