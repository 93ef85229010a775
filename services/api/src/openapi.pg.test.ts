import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTokenVerifier } from "@drawchat/auth/token";
import { DemoToken } from "@drawchat/protocol/rest";
import { addSession } from "@drawchat/testkit/sessions";
import type Type from "typebox";
import Value from "typebox/value";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "./config.ts";
import { CONVERSATION_EXAMPLES } from "./conversation-examples.ts";
import { CALL_EXAMPLES } from "./examples.ts";
import { post, TOKENS, testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const webDir = await mkdtemp(join(tmpdir(), "drawchat-web-"));
afterAll(() => rm(webDir, { recursive: true }));
await writeFile(join(webDir, "index.html"), "<!doctype html><title>draw</title>");
await writeFile(join(webDir, "app-3F9A2B7C.js"), "0");
const development = await testApi(stores, { server: { demoTokens: TOKENS, webDir, isDocsPageOn: true } });
const production = await testApi(stores);

test("the description lists every call with its answers and problems", async () => {
  const { body } = await development.call("GET /openapi.json", { user: 0 });
  expect(body).toMatchObject({ openapi: "3.1.0", components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } } });
  const { paths } = body as { paths: Record<string, Record<string, { responses: Record<string, unknown>; security?: unknown }>> };
  const calls = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
  // Those about conversations have a test of their own.
  expect(calls.filter((call) => !(call in CONVERSATION_EXAMPLES)).sort()).toEqual([
    "DELETE /live-chat/sessions/{id}/winners/{user_id}",
    "GET /live-chat/messages",
    "GET /live-chat/sessions",
    "GET /live-chat/status",
    "GET /uploads/{id}",
    "PATCH /live-chat/sessions/{id}",
    "POST /demo/token",
    "POST /live-chat/like",
    "POST /live-chat/like-message/{id}",
    "POST /live-chat/sessions",
    "POST /live-chat/sessions/{id}/cancel",
    "POST /live-chat/sessions/{id}/close",
    "POST /live-chat/users/{user_id}/disconnect",
    "POST /uploads",
    "PUT /live-chat/sessions/{id}/winners/{user_id}",
  ]);
  for (const [path, methods] of Object.entries(paths)) {
    if (path.startsWith("/demo/")) continue;
    for (const call of Object.values(methods)) {
      expect(Object.keys(call.responses)).toEqual(expect.arrayContaining(["401", "403", "503"]));
      expect(call.security).toEqual([{ bearer: [] }]);
    }
  }
});

interface Described {
  paths: Record<string, Record<string, Operation>>;
}

interface Operation {
  requestBody?: { content: Record<string, Content> };
  responses: Record<string, { content?: Record<string, Content>; headers?: object }>;
}

interface Content {
  schema: Type.TSchema;
  example?: unknown;
}

test("every call has an example of what goes in and what comes out, which its schema takes", async () => {
  const { body } = await development.call("GET /openapi.json", { user: 0 });
  const contents = Object.entries((body as Described).paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody, responses }]) =>
      [["body", requestBody] as const, ...Object.entries(responses)].flatMap(([part, holder]) =>
        Object.values(holder?.content ?? {}).map((content) => ({ name: `${method} ${path} ${part}`, ...content })),
      ),
    ),
  );
  expect(contents.length).toBeGreaterThan(40);
  const withContent = contents.filter(({ schema }) => !("type" in schema && schema.type === "null"));
  expect(withContent.filter(({ example }) => example === undefined).map(({ name }) => name)).toEqual([]);
  expect(withContent.filter(({ schema, example }) => !Value.Check(schema, example)).map(({ name }) => name)).toEqual([]);
});

test("an example has exactly the fields that the answer has", async () => {
  const { id } = await addSession(stores.database.db);
  development.parts.sessions.forget();
  await post(development.parts.acceptor, id, ["good luck"]);
  const [message] = Object(CALL_EXAMPLES["GET /live-chat/messages"]?.answer).messages;
  const page = await development.call("GET /live-chat/messages");
  const status = await development.call("GET /live-chat/status");
  const sessions = await development.call("GET /live-chat/sessions", { roles: ["admin"] });
  const [managed] = Object(CALL_EXAMPLES["GET /live-chat/sessions"]?.answer).sessions;
  const keysOf = (value: unknown) => new Set(Object.keys(Object(value)));
  expect(keysOf(Object(page.body).messages[0])).toEqual(keysOf(message));
  expect(keysOf(status.body)).toEqual(keysOf(CALL_EXAMPLES["GET /live-chat/status"]?.answer));
  expect(keysOf(Object(sessions.body).sessions[0])).toEqual(keysOf(managed));
});

test("what says come again, and what may be kept, has its headers described", async () => {
  const { body } = await development.call("GET /openapi.json", { user: 0 });
  const { paths } = body as Described;
  expect(paths["/live-chat/like"]?.post?.responses["429"]?.headers).toHaveProperty("Retry-After");
  expect(paths["/live-chat/messages"]?.get?.responses["503"]?.headers).toHaveProperty("Retry-After");
  expect(paths["/live-chat/messages"]?.get?.responses).toHaveProperty("304");
});

test("the page that tries the calls is there where it is wanted, and nowhere else", async () => {
  const page = await development.call("GET /docs", { user: 0 });
  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
  expect(page.text).not.toMatch(/https?:\/\//);
  for (const path of ["/docs", "/docs/", "/docs/json", "/docs/static/index.html", "/docs/static/swagger-ui.css"]) {
    expect((await production.call(`GET ${path}`, { user: 0 })).status).toBe(404);
  }
  expect((await production.call("GET /openapi.json", { user: 0 })).status).toBe(200);
});

test.each([
  ["development", {}, true],
  ["production", {}, false],
  ["production", { API_DOCS: "true" }, true],
  ["development", { API_DOCS: "false" }, false],
])("in %s with %j there is a page to try the calls: %s", (nodeEnv, more, expected) => {
  const needed = {
    REDIS_URL: "redis://localhost",
    DATABASE_URL: "postgres://localhost/x",
    JWT_SECRET: "jf83jf83hf7shf7sgf6sgf6sgd6" + "k2lq9",
  };
  expect(loadConfig({ NODE_ENV: nodeEnv, ...needed, ...more }).isDocsPageOn).toBe(expected);
});

test("a demo token is one for a user of its own, with the role asked for", async () => {
  const { verify } = createTokenVerifier(TOKENS);
  const users = new Set<number>();
  for (const role of [undefined, "customer", "host", "agent", "admin"]) {
    const answer = await development.call("POST /demo/token", { user: 0, body: { username: "ann", ...(role && { role }) } });
    if (!Value.Check(DemoToken, answer.body)) throw new Error("not a demo token");
    const verdict = await verify(answer.body.token);
    const roles = role === undefined || role === "customer" ? [] : [role];
    expect(verdict).toMatchObject({ kind: "ok", identity: { userId: answer.body.user_id, username: "ann", roles } });
    users.add(answer.body.user_id);
  }
  expect(users.size).toBe(5);
});

test.each([{ username: "ann", role: "bot" }, { username: "" }, { username: "\u200b" }, {}])("no demo token for %j", async (body) => {
  expect((await development.call("POST /demo/token", { user: 0, body })).status).toBe(400);
});

test("production has no demo sign-in and no page", async () => {
  expect((await production.call("POST /demo/token", { user: 0, body: { username: "ann" } })).status).toBe(404);
  expect((await production.call("GET /", { user: 0 })).status).toBe(404);
});

test("the page is never cached, its hashed assets for ever", async () => {
  const page = await development.call("GET /", { user: 0 });
  expect(page.headers).toMatchObject({ "cache-control": "no-cache", "content-type": "text/html; charset=utf-8" });
  expect(page.headers["content-security-policy"]).toContain("connect-src 'self' ws: wss:");
  const asset = await development.call("GET /app-3F9A2B7C.js", { user: 0 });
  expect(asset.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  for (const path of ["/../package.json", "/%2e%2e/package.json", "/missing.js"]) {
    expect((await development.call(`GET ${path}`, { user: 0 })).status).toBe(404);
  }
});
