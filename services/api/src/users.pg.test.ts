import { User, UserPage } from "@drawchat/protocol/conversations-rest";
import { readControl } from "@drawchat/redis/control";
import { beatPresence, writePresence } from "@drawchat/redis/presence";
import { Metrics } from "@drawchat/runtime/metrics";
import Value from "typebox/value";
import { afterAll, describe, expect, test } from "vitest";
import { buildPrivateServer } from "./private-server.ts";
import { type Call, testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const { call, parts, restorer, redis, database } = await testApi(stores);
const elsewhere = await testApi(stores);
const privateServer = buildPrivateServer({ ...parts, restorer, metrics: new Metrics("test"), notReady: async () => [] });
afterAll(() => privateServer.close());

const [AGENT, ADMIN] = [900, 901];
const asAgent = { user: AGENT, roles: ["agent"] } satisfies Call;
const asAdmin = { user: ADMIN, roles: ["admin"] } satisfies Call;

function userOf(body: unknown): User {
  if (!Value.Check(User, body)) throw new Error(`not a user: ${JSON.stringify(body)}`);
  return body;
}

async function namesIn(request: string): Promise<string[]> {
  const { body } = await call(request, asAgent);
  if (!Value.Check(UserPage, body)) throw new Error(`not a page: ${JSON.stringify(body)}`);
  return body.users.map((user) => user.username);
}

describe("a user", () => {
  test("is there from the first call on, as the token says", async () => {
    const { status, body } = await call("GET /users/me", { user: 10 });
    expect(status).toBe(200);
    expect(userOf(body)).toMatchObject({ id: 10, username: "user10", profile_pic: null, role: "customer", is_active: true });
    expect(userOf((await call("GET /users/me", { user: 10, roles: ["agent"] })).body).role).toBe("agent");
  });

  test("changes their own name and picture, and no token changes them back", async () => {
    const body = { username: "  Ann\u200b  B ", profile_pic: "https://example.com/a.png" };
    const changed = await call("PATCH /users/11", { user: 11, body });
    expect(userOf(changed.body)).toMatchObject({ username: "Ann B", profile_pic: body.profile_pic });
    expect(userOf((await call("GET /users/me", { user: 11 })).body).username).toBe("Ann B");
    expect(userOf((await call("PATCH /users/11", { user: 11, body: { profile_pic: null } })).body).profile_pic).toBeNull();
  });

  test.each([
    ["nothing", {}],
    ["a blank name", { username: "\u200b " }],
    ["a name of 101 characters", { username: "x".repeat(101) }],
    ["a picture that is no URL", { profile_pic: "javascript:alert(1)" }],
    ["a role", { username: "ann", role: "admin" }],
    ["no object", []],
  ])("is not changed by %s", async (_what, body) => {
    expect((await call("PATCH /users/12", { user: 12, body })).body).toMatchObject({ status: 400, code: "bad_request" });
  });

  test("whom one may not see is the same as one that is not there", async () => {
    await call("GET /users/me", { user: 13 });
    const [stranger, nobody] = [await call("GET /users/13", { user: 14 }), await call("GET /users/999999", { user: 14 })];
    expect(stranger.status).toBe(404);
    expect(stranger.text).toBe(nobody.text);
    for (const id of ["0", "abc", "1.5", "9007199254740993", "1%00"]) {
      expect((await call(`GET /users/${id}`, { user: 14 })).text).toBe(nobody.text);
      expect((await call(`PATCH /users/${id}`, { user: 14, body: { username: "x" } })).text).toBe(nobody.text);
    }
  });
});

describe("presence", () => {
  test("is that of all gateways, and last seen the latest that is known", async () => {
    for (const user of [61, 62, 63]) await call("GET /users/me", { user });
    const stored = new Date("2026-01-02T03:04:05.678Z");
    await database.db.updateTable("users").set({ last_seen_at: stored }).where("id", "in", [61, 63]).execute();
    const users = [
      [61, "online"],
      [62, "away"],
    ] as const;
    const version = await writePresence(redis, "gateway-1", { follows: undefined, users });
    await beatPresence(redis, "gateway-1", version ?? 0);
    await writePresence(redis, "gateway-1", { follows: version, users: [[62, "offline"]] });
    const shown = await Promise.all([61, 62, 63].map(async (id) => userOf((await call(`GET /users/${id}`, asAgent)).body)));
    expect(shown).toMatchObject([
      { presence: "online", last_seen_at: stored.toISOString() },
      { presence: "offline", last_seen_at: expect.stringMatching(/Z$/) },
      { presence: "offline", last_seen_at: stored.toISOString() },
    ]);
  });
});

describe("the list of users", () => {
  test("goes by id, page by page, by name and by role", async () => {
    for (const user of [21, 22, 23]) {
      await call("GET /users/me", { user, roles: user === 22 ? ["agent"] : [] });
      await call(`PATCH /users/${user}`, { user, roles: user === 22 ? ["agent"] : [], body: { username: `Quentin ${user}` } });
    }
    expect(await namesIn("GET /users?q=quentin")).toEqual(["Quentin 21", "Quentin 22", "Quentin 23"]);
    expect(await namesIn("GET /users?q=QUENTIN&role=agent")).toEqual(["Quentin 22"]);
    const first = await call("GET /users?q=quen&limit=2", asAgent);
    expect(first.body).toMatchObject({ next_after: 22 });
    const last = await call("GET /users?q=quen&limit=2&after=22", asAgent);
    expect(last.body).toMatchObject({ users: [{ id: 23 }], next_after: null });
    expect(await namesIn("GET /users?q=%25")).toEqual([]);
  });

  test("is not for customers", async () => {
    expect((await call("GET /users", { user: 24 })).body).toMatchObject({ status: 403, code: "forbidden" });
  });

  test.each([
    "limit=0",
    "limit=-1",
    "limit=101",
    "limit=abc",
    "limit=",
    "limit=1&limit=2",
    "after=0",
    "after=x",
    "role=host",
    "role=agent&role=admin",
    "q=",
    "q=%20",
    `q=${"x".repeat(101)}`,
    "q=a&q=b",
  ])("?%s is 400", async (query) => {
    expect((await call(`GET /users?${query}`, asAgent)).status).toBe(400);
  });
});

describe("deactivating", () => {
  test("is for admins alone, and not of oneself", async () => {
    await call("GET /users/me", { user: 31 });
    const off = { is_active: false };
    expect((await call("PATCH /users/31", { ...asAgent, body: off })).body).toMatchObject({ status: 403, code: "forbidden" });
    expect((await call("PATCH /users/31", { user: 31, body: off })).body).toMatchObject({ status: 403, code: "forbidden" });
    expect((await call(`PATCH /users/${ADMIN}`, { ...asAdmin, body: off })).body).toMatchObject({ status: 400 });
    expect(userOf((await call("GET /users/me", { user: 31 })).body).is_active).toBe(true);
  });

  test("refuses every call from then on, here at once and elsewhere within 2 s, and ends the sockets", async () => {
    await elsewhere.call("GET /users/me", { user: 32 });
    await call("GET /users/me", { user: 32 });
    const answer = await call("PATCH /users/32", { ...asAdmin, body: { is_active: false } });
    expect(userOf(answer.body).is_active).toBe(false);
    const refused = { status: 403, code: "user_deactivated" };
    for (const request of ["GET /users/me", "GET /users/32", "GET /users", "PATCH /users/32"]) {
      expect((await call(request, { user: 32, body: request.startsWith("PATCH") ? { username: "x" } : undefined })).body).toMatchObject(
        refused,
      );
    }
    await expect.poll(async () => (await elsewhere.call("GET /users/me", { user: 32 })).body, { timeout: 2_500 }).toMatchObject(refused);
    expect((await readControl(redis, 0)).at(-1)?.command).toMatchObject({ type: "end_user", user_id: 32, code: 4503 });
    await call("PATCH /users/32", { ...asAdmin, body: { is_active: true } });
    expect((await call("GET /users/me", { user: 32 })).status).toBe(200);
  });
});

describe("what gateways ask", () => {
  const seen = async (body: unknown) => privateServer.inject({ method: "POST", url: "/internal/users/seen", payload: Object(body) });
  const token = { user_id: 41, username: "user41", profile_pic: null, role: "customer" };

  test("is how a user is shown, and whether they are active", async () => {
    expect((await seen(token)).json()).toEqual({ username: "user41", profile_pic: null, role: "customer", is_active: true });
    await call("PATCH /users/41", { user: 41, body: { username: "ann" } });
    await call("PATCH /users/41", { ...asAdmin, body: { is_active: false } });
    expect((await seen(token)).json()).toEqual({ username: "ann", profile_pic: null, role: "customer", is_active: false });
  });

  test.each([{}, { ...token, role: "host" }, { ...token, user_id: "41" }])("needs a whole user: %j is 400", async (body) => {
    expect((await seen(body)).statusCode).toBe(400);
  });
});

test("calls of a user beyond their budget are 429 with when to come again", async () => {
  const slow = await testApi(stores, { writesPerMinute: 1 });
  const change = { user: 51, body: { username: "ann" } };
  expect((await slow.call("PATCH /users/51", change)).status).toBe(200);
  const { status, headers, body } = await slow.call("PATCH /users/51", change);
  expect({ status, body }).toMatchObject({ status: 429, body: { code: "rate_limited" } });
  expect(Number(headers["retry-after"])).toBeGreaterThan(0);
});

test("conversations go on while the live chat is switched off", async () => {
  const off = await testApi(stores, { settings: { enabled: false } });
  expect((await off.call("GET /users/me")).status).toBe(200);
  expect((await off.call("GET /live-chat/messages")).status).toBe(403);
});
