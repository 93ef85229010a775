/** What no call about conversations takes, whoever makes it: each call of the description is tried with it. */
import { connectDatabase } from "@drawchat/db/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conversationWorld, person } from "../test/conversation-world.ts";
import { CONVERSATION_EXAMPLES } from "./conversation-examples.ts";
import { type Call, testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const world = await conversationWorld(stores);
const { call, begin } = world;
const [ANN, BEN] = [person(1), person(2, "agent")];
const CALLERS: Record<string, Call> = { ann: person(7), ben: person(21, "agent"), cleo: person(30, "admin") };
const CALLS = Object.entries(CONVERSATION_EXAMPLES).map(([name, { as, url, body }]) => {
  const method = name.split(" ")[0] ?? "GET";
  return { name, method, url, body, caller: CALLERS[as] ?? {}, request: `${method} ${url}` };
});
const WITH_BODY = CALLS.filter(({ body }) => body !== undefined);
const WITH_ID = CALLS.filter(({ url }) => /\/\d+/.test(url));

beforeAll(async () => {
  await call("GET /users/me", BEN);
});

test.each(CALLS)("$name without a token is 401", async ({ request, body }) => {
  const answer = await call(request, { user: 0, body });
  expect({ status: answer.status, wants: answer.headers["www-authenticate"], body: answer.body }).toMatchObject({
    ...{ status: 401, wants: "Bearer", body: { code: "unauthorized" } },
  });
});

describe("paths", () => {
  test.each(WITH_ID)("$name of what is no id is as of what is not there", async ({ method, url, body, caller }) => {
    const nothing = (await call(`${method} ${url.replace(/\/\d+/, "/999999999")}`, { ...caller, body })).text;
    expect(JSON.parse(nothing)).toMatchObject({ status: 404, code: "not_found" });
    for (const id of ["abc", "1.5", "-1", "0", "01", "9007199254740993", "1%00", "1".repeat(200)]) {
      const answer = await call(`${method} ${url.replace(/\/\d+/, `/${id}`)}`, { ...caller, body });
      expect([id, answer.status, answer.text]).toEqual([id, 404, nothing]);
    }
  });

  test.each(["GET //conversations", "GET /conversations/", "GET /conversations/99/notes/1", "GET /user"])("%s is 404", async (request) => {
    expect((await call(request, BEN)).body).toMatchObject({ status: 404, code: "not_found" });
  });

  test.each([
    ["DELETE /conversations", "GET, HEAD, POST, OPTIONS"],
    ["DELETE /conversations/99", "GET, HEAD, PATCH, OPTIONS"],
    ["GET /conversations/99/read", "POST, OPTIONS"],
    ["PUT /conversations/99/messages/7", "GET, HEAD, PATCH, DELETE, OPTIONS"],
    ["POST /search", "GET, HEAD, OPTIONS"],
    ["POST /users/me", "GET, HEAD, PATCH, OPTIONS"],
  ])("%s is 405 with what is allowed", async (request, allow) => {
    const { status, headers } = await call(request, BEN);
    expect({ status, allow: headers.allow }).toEqual({ status: 405, allow });
  });

  test("HEAD is GET without a body, OPTIONS is 204", async () => {
    const { id } = await begin(ANN);
    expect(await call(`HEAD /conversations/${id}`, ANN)).toMatchObject({ status: 200, text: "" });
    expect(await call(`OPTIONS /conversations/${id}`, ANN)).toMatchObject({ status: 204 });
  });
});

describe.each(WITH_BODY)("the body of $name", ({ request, caller }) => {
  test.each([
    ["no JSON", "{a"],
    ["cut short", '{"message":"hel'],
    ["__proto__", '{"__proto__":{"role":"admin"}}'],
    ["a depth of 2,000", "[".repeat(2_000) + "]".repeat(2_000)],
    ["1e400", '{"a":1e400}'],
    ["a key twice", '{"a":1,"a":2}'],
    ["a list", "[]"],
    ["nothing", ""],
  ])("is not %s", async (_what, body) => {
    expect((await call(request, { ...caller, body })).body).toMatchObject({ status: 400, code: "bad_request" });
  });

  test("is JSON, and no more than 16 KiB", async () => {
    const text = await call(request, { ...caller, body: "{}", headers: { "content-type": "text/plain" } });
    expect(text.body).toMatchObject({ status: 415, code: "unsupported_media_type" });
    const large = await call(request, { ...caller, body: `{"message":"${"x".repeat(20_000)}"}` });
    expect(large.body).toMatchObject({ status: 413, code: "too_large" });
  });
});

describe("while a store is away", () => {
  const away = connectDatabase({
    url: "postgres://u:p@127.0.0.1:1/x",
    maxConnections: 1,
    applicationName: "test",
    onError: () => undefined,
  });
  afterAll(() => away.close());

  test("of Postgres, every call is 503 with when to come again", async () => {
    const api = await testApi({ ...stores, database: { ...stores.database, ...away } });
    for (const { request, body, caller } of CALLS) {
      const { status, headers, body: problem, text } = await api.call(request, { ...caller, body });
      expect([request, status, problem]).toMatchObject([request, 503, { code: "unavailable" }]);
      expect(Number(headers["retry-after"])).toBeGreaterThanOrEqual(1);
      expect(text).not.toMatch(/ECONN|at /);
    }
  });

  test("of Redis, lists go on, and what needs it is 503", async () => {
    const own = await testStores();
    const lonely = await conversationWorld(own);
    const { id } = await lonely.begin(ANN);
    await own.redisServer.kill();
    expect((await lonely.call("GET /conversations", ANN)).status).toBe(200);
    expect((await lonely.call(`GET /conversations/${id}`, ANN)).status).toBe(200);
    const needy = [
      ["GET", "messages", undefined],
      ["POST", "messages", { client_id: crypto.randomUUID(), message: "x" }],
      ["POST", "read", { upto: 1 }],
      ["POST", "typing", { is_typing: true }],
    ] as const;
    const answers = await Promise.all(
      needy.map(([method, what, body]) => lonely.call(`${method} /conversations/${id}/${what}`, { ...ANN, body })),
    );
    expect(answers.map(({ status, body }) => [status, Object(body).code])).toEqual(needy.map(() => [503, "unavailable"]));
    for (const { headers } of answers) expect(Number(headers["retry-after"])).toBeGreaterThanOrEqual(1);
  });
});
