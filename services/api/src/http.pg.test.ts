/** The public server on a real socket: framing, limits, methods, headers. */
import { type AddressInfo, connect } from "node:net";
import { Problem } from "@drawchat/protocol/rest";
import { addSession } from "@drawchat/testkit/sessions";
import Value from "typebox/value";
import { beforeAll, describe, expect, test } from "vitest";
import { TOKENS, testApi, testStores, tokenOf } from "./test-api.ts";

const stores = await testStores();
const { app, call } = await testApi(stores, { server: { allowedOrigins: ["https://draw.example"], demoTokens: TOKENS } });
await app.listen({ host: "127.0.0.1", port: 0 });
const port = (app.server.address() as AddressInfo).port;
const token = await tokenOf(1);

beforeAll(async () => {
  await addSession(stores.database.db);
});

/** Sends bytes as they are; resolves with all that came back once the server has closed. */
function raw(bytes: string, more?: (write: (text: string) => void) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(bytes);
      more?.((text) => socket.write(text));
    });
    let received = "";
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      received += text;
    });
    socket.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "EPIPE" || error.code === "ECONNRESET" ? undefined : reject(error),
    );
    socket.on("close", () => resolve(received));
  });
}

function head(request: string, ...headers: string[]): string {
  return [`${request} HTTP/1.1`, "Host: localhost", "Connection: close", `Authorization: Bearer ${token}`, ...headers, "", ""].join("\r\n");
}

function problemOf(response: string): Problem {
  expect(response.toLowerCase()).toContain("content-type: application/problem+json");
  const body: unknown = JSON.parse(response.slice(response.indexOf("\r\n\r\n") + 4));
  if (!Value.Check(Problem, body)) throw new Error("not a problem document");
  expect(response).toContain(`HTTP/1.1 ${body.status} `);
  return body;
}

describe("the token", () => {
  test.each([
    ["no header", []],
    ["Basic", ["Authorization: Basic YTpi"]],
    ["no token", ["Authorization: Bearer"]],
    ["a bad token", ["Authorization: Bearer abc"]],
    ["two tokens in one header", [`Authorization: Bearer ${token}, Bearer ${token}`]],
    ["two headers", [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]],
  ])("%s is 401 and says what is wanted", async (_what, headers) => {
    const response = await raw(["GET /live-chat/status HTTP/1.1", "Host: x", "Connection: close", ...headers, "", ""].join("\r\n"));
    expect(problemOf(response)).toMatchObject({ status: 401, code: "unauthorized" });
    expect(response.toLowerCase()).toContain("www-authenticate: bearer");
  });

  test("bearer may be written in lower case", async () => {
    const response = await raw(`GET /live-chat/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: bearer ${token}\r\n\r\n`);
    expect(response).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe("paths and methods", () => {
  test.each([
    "/nothing",
    "//live-chat/status",
    "/live-chat/../live-chat/status",
    "/live-chat/%2e%2e/live-chat/status",
    "/live-chat/like-message/1/../2",
    "/conversations/../users/me",
    "/conversations/%2e%2e/users/me",
    "/internal/users/seen",
    "/internal/conversations/1/join",
    "/metrics",
    "/healthz",
    "/readyz",
    "/internal/rooms/s1/restore",
    "/",
  ])("%s is not found", async (path) => {
    expect(problemOf(await raw(head(`GET ${path}`)))).toMatchObject({ status: 404, code: "not_found" });
  });

  test("a path that cannot be decoded is 400", async () => {
    expect(problemOf(await raw(head("GET /live-chat/%zz")))).toMatchObject({ status: 400 });
  });

  test.each([
    ["DELETE /live-chat/status", "GET, HEAD, OPTIONS"],
    ["GET /live-chat/like", "POST, OPTIONS"],
    ["PUT /live-chat/sessions", "POST, GET, HEAD, OPTIONS"],
    ["TRACE /live-chat/status", "GET, HEAD, OPTIONS"],
    ["PROPFIND /live-chat/like-message/7", "POST, OPTIONS"],
  ])("%s is 405 with what is allowed", async (request, allow) => {
    const response = await raw(head(request));
    expect(problemOf(response)).toMatchObject({ status: 405, code: "method_not_allowed" });
    expect(response).toContain(`allow: ${allow}\r\n`);
  });

  test("HEAD is GET without a body, OPTIONS is 204", async () => {
    expect(await raw(head("HEAD /live-chat/status"))).toMatch(/^HTTP\/1.1 200 .*\r\n\r\n$/s);
    expect(await raw(head("OPTIONS /live-chat/status"))).toMatch(/^HTTP\/1.1 204 /);
  });
});

describe("bodies", () => {
  const sessions = "POST /live-chat/like";

  test("over 16 KiB are 413 and end the connection", async () => {
    const response = await raw(head(sessions, "Content-Type: application/json", "Content-Length: 20000") + " ".repeat(20_000));
    expect(problemOf(response)).toMatchObject({ status: 413, code: "too_large" });
  });

  test("that never end are 413 at the limit", async () => {
    const chunk = `1000\r\n${" ".repeat(4_096)}\r\n`;
    const start = head(sessions, "Content-Type: application/json", "Transfer-Encoding: chunked");
    expect(problemOf(await raw(start + chunk.repeat(5)))).toMatchObject({ status: 413 });
  });

  test("of another type are 415", async () => {
    const response = await raw(`${head(sessions, "Content-Type: text/plain", "Content-Length: 2")}{}`);
    expect(problemOf(response)).toMatchObject({ status: 415, code: "unsupported_media_type" });
  });

  test.each([
    ["no JSON", "{a"],
    ["__proto__", '{"__proto__":{"roles":["admin"]}}'],
    ["a depth of 2,000", "[".repeat(2_000) + "]".repeat(2_000)],
    ["1e400", '{"a":1e400}'],
    ["a key twice", '{"a":1,"a":2}'],
  ])("with %s are 400", async (_what, body) => {
    const response = await raw(head(sessions, "Content-Type: application/json", `Content-Length: ${body.length}`) + body);
    expect(problemOf(response)).toMatchObject({ status: 400, code: "bad_request" });
  });

  test.each([
    ["two lengths", ["Content-Length: 2", "Content-Length: 3"]],
    ["a length and chunks", ["Content-Length: 2", "Transfer-Encoding: chunked"]],
    ["xchunked", ["Transfer-Encoding: xchunked"]],
    ["a negative length", ["Content-Length: -1"]],
  ])("framed by %s are 400", async (_what, headers) => {
    const response = await raw(`${head(sessions, "Content-Type: application/json", ...headers)}{}`);
    expect(problemOf(response)).toMatchObject({ status: 400, code: "bad_request" });
  });

  test("that come too slowly are cut after about 10 s", { timeout: 20_000 }, async () => {
    const startedAt = performance.now();
    const response = await raw(head(sessions, "Content-Type: application/json", "Content-Length: 100"), (write) => {
      const timer = setInterval(() => write(" "), 2_000);
      setTimeout(() => clearInterval(timer), 11_000);
    });
    expect(problemOf(response)).toMatchObject({ status: 408 });
    expect(performance.now() - startedAt).toBeLessThan(13_000);
  });
});

describe("headers", () => {
  test("answers are not cached, not sniffed, and framed by nobody", async () => {
    const { headers } = await call("GET /live-chat/status");
    expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  });
});

describe("other origins", () => {
  const allowed = "https://draw.example";

  test.each([
    ["the allowed one", allowed, allowed],
    ["a foreign one", "https://evil.example", undefined],
    ["null", "null", undefined],
    ["the allowed one over http", "http://draw.example", undefined],
    ["the allowed one on another port", "https://draw.example:8443", undefined],
    ["a name that begins like it", "https://draw.example.evil.example", undefined],
    ["none", undefined, undefined],
  ])("%s: may it read?", async (_what, origin, expected) => {
    for (const path of ["/live-chat/status", "/live-chat/messages", "/live-chat/sessions", "/nothing"]) {
      const { headers } = await call(`GET ${path}`, origin === undefined ? {} : { headers: { origin } });
      expect(headers["access-control-allow-origin"]).toBe(expected);
      expect(headers["access-control-allow-credentials"]).toBeUndefined();
      expect(headers.vary).toBe("Origin");
    }
  });

  test("what an allowed one may send is said before, nothing unknown and no cookies", async () => {
    const asked = { origin: allowed, "access-control-request-method": "GET", "access-control-request-headers": "authorization,x-evil" };
    const { status, headers } = await call("OPTIONS /live-chat/messages", { user: 0, headers: asked });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      "access-control-allow-origin": allowed,
      "access-control-allow-headers": "Authorization, Content-Type, If-None-Match",
      "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
      "access-control-max-age": "600",
    });
    expect(headers["access-control-allow-credentials"]).toBeUndefined();
  });

  test("a foreign one gets no leave to send", async () => {
    const asked = { origin: "https://evil.example", "access-control-request-method": "POST" };
    const { status, headers } = await call("OPTIONS /live-chat/like", { user: 0, headers: asked });
    expect(status).toBe(204);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("an allowed one sees the tag, and when to come again", async () => {
    const { headers } = await call("GET /live-chat/messages", { headers: { origin: allowed } });
    expect(headers["access-control-expose-headers"]).toBe("ETag, Retry-After");
    const limited = await testApi(stores, { writesPerMinute: 1, server: { allowedOrigins: [allowed] } });
    await limited.call("POST /live-chat/like", { user: 81, headers: { origin: allowed } });
    const refused = await limited.call("POST /live-chat/like", { user: 81, headers: { origin: allowed } });
    expect(refused.headers).toMatchObject({ "access-control-allow-origin": allowed, "access-control-expose-headers": "ETag, Retry-After" });
  });
});

describe("too many writes", () => {
  test("are 429 with when to come again, in milliseconds and in seconds rounded up", async () => {
    const limited = await testApi(stores, { writesPerMinute: 2 });
    const answers = [];
    for (let i = 0; i < 3; i += 1) answers.push(await limited.call("POST /live-chat/like", { user: 82 }));
    expect(answers.map((answer) => answer.status)).toEqual([200, 409, 429]);
    const body = answers[2]?.body;
    if (!Value.Check(Problem, body)) throw new Error("not a problem document");
    expect(body).toMatchObject({ code: "rate_limited", retry_after_ms: expect.any(Number) });
    expect(body.retry_after_ms).toBeGreaterThan(50_000);
    expect(answers[2]?.headers["retry-after"]).toBe(String(Math.ceil((body.retry_after_ms ?? 0) / 1_000)));
  });
});

describe("while a store is away", () => {
  test("calls are 503 with when to come again, without a stack", async () => {
    const own = await testStores();
    const api = await testApi(own);
    await own.redisServer.kill();
    const { status, headers, body, text } = await api.call("GET /live-chat/status");
    expect({ status, body }).toMatchObject({ status: 503, body: { code: "unavailable" } });
    expect(Number(headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect(text).not.toMatch(/at |ioredis|ECONN/);
  });
});
