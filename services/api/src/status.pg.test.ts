import { DisabledStatus, Status } from "@drawchat/protocol/rest";
import { beatViewers } from "@drawchat/redis/viewers";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { addSession } from "@drawchat/testkit/sessions";
import Value from "typebox/value";
import { beforeEach, describe, expect, test } from "vitest";
import { testApi, testStores } from "./test-api.ts";

const HOUR_MS = 3_600_000;
const stores = await testStores();
const { parts, call, database, redis } = await testApi(stores);

beforeEach(async () => {
  await database.db.deleteFrom("live_chat_sessions").execute();
  await flushAll(redis);
  parts.sessions.forget();
});

async function status(path = "/live-chat/status"): Promise<unknown> {
  const { status: code, body } = await call(`GET ${path}`);
  expect(code).toBe(200);
  expect(Value.Check(Status, body)).toBe(true);
  return body;
}

describe("the status", () => {
  test("is no_draw where no session is known", async () => {
    expect(await status()).toMatchObject({ enabled: true, active: false, state: "no_draw", session_id: null, draw_at: null });
  });

  test.each([
    ["scheduled", { opensInMs: HOUR_MS, closesInMs: 2 * HOUR_MS }, false],
    ["open", {}, true],
    ["closed", { opensInMs: -2 * HOUR_MS, closesInMs: -HOUR_MS, drawInMs: -HOUR_MS }, false],
  ] as const)("is %s by the window", async (state, window, active) => {
    const session = await addSession(database.db, window);
    expect(await status()).toMatchObject({ state, active, session_id: session.id, opens_at: new Date(session.opensAtMs).toISOString() });
  });

  test("is closed once an admin has closed the session", async () => {
    const session = await addSession(database.db);
    await call(`POST /live-chat/sessions/${session.id}/close`, { roles: ["admin"] });
    expect(await status()).toMatchObject({ state: "closed", active: false, session_id: session.id });
  });

  test("is that of a session where one is named", async () => {
    const other = await addSession(database.db, { opensInMs: 5 * HOUR_MS, closesInMs: 7 * HOUR_MS });
    await addSession(database.db);
    expect(await status(`/live-chat/status?session_id=${other.id}`)).toMatchObject({ state: "scheduled", session_id: other.id });
  });

  test("shows viewers of all gateways and likes that are not stored yet", async () => {
    const { id } = await addSession(database.db);
    await call("POST /live-chat/like", { user: 5 });
    await beatViewers(redis, `s${id}`, "gateway-1", 3);
    await beatViewers(redis, `s${id}`, "gateway-2", 4);
    expect(await status()).toMatchObject({ viewers: 7, total_likes: 1 });
  });

  test("shows each change of viewers, likes and policy in the next answer", async () => {
    const { id } = await addSession(database.db);
    await call("POST /live-chat/like", { user: 5 });
    expect(await status()).toMatchObject({ viewers: 0, total_likes: 1, state: "open" });
    await beatViewers(redis, `s${id}`, "gateway-1", 3);
    expect(await status()).toMatchObject({ viewers: 3, total_likes: 1, state: "open" });
    await call("POST /live-chat/like", { user: 6 });
    expect(await status()).toMatchObject({ viewers: 3, total_likes: 2, state: "open" });
    await call(`POST /live-chat/sessions/${id}/close`, { roles: ["admin"] });
    expect(await status()).toMatchObject({ total_likes: 2, state: "closed" });
  });

  test("has the daily draw of the configuration, whose row is made by the first who asks", async () => {
    const hour = new Date().getUTCHours();
    const daily = await testApi(stores, { draw: { timeZone: "UTC", daily: { hour, minute: 0 } } });
    const answers = await Promise.all([daily.call("GET /live-chat/status"), daily.call("GET /live-chat/status")]);
    for (const answer of answers) expect(answer.body).toMatchObject({ state: "open", active: true });
    const rows = await database.db.selectFrom("live_chat_sessions").select(["kind", "is_active"]).orderBy("draw_at").execute();
    expect(rows[0]).toEqual({ kind: "daily", is_active: true });
  });

  test("names an unknown session as such, and refuses what is not an id", async () => {
    expect((await call("GET /live-chat/status?session_id=999")).body).toMatchObject({ status: 404, code: "session_not_found" });
    for (const bad of ["abc", "1.5", "0", "-1", "", "9007199254740993", "1&session_id=2"]) {
      expect((await call(`GET /live-chat/status?session_id=${bad}`)).body).toMatchObject({ status: 400, code: "bad_id" });
    }
  });
});

describe("while the chat is switched off", () => {
  test("the status says so and nothing else, every other call is chat_disabled", async () => {
    const { call: callOff } = await testApi(stores, { settings: { enabled: false } });
    const answer = await callOff("GET /live-chat/status");
    expect(answer.text).toBe('{"enabled":false,"message":"Live chat is disabled"}');
    expect(Value.Check(DisabledStatus, answer.body)).toBe(true);
    const calls = ["GET /live-chat/messages", "POST /live-chat/like", "POST /live-chat/like-message/7", "POST /live-chat/sessions"];
    for (const each of calls) {
      expect((await callOff(each)).body).toMatchObject({ status: 403, code: "chat_disabled" });
      expect((await callOff(each, { user: 0 })).body).toMatchObject({ status: 403, code: "chat_disabled" });
    }
  });
});
