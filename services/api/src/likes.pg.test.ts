import { findKeys, flushAll } from "@drawchat/testkit/redis-nodes";
import { addSession } from "@drawchat/testkit/sessions";
import { beforeEach, describe, expect, test } from "vitest";
import { post, store, testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const { parts, call, database, redis, restorer } = await testApi(stores);
const { acceptor } = parts;
let sessionId = 0;

beforeEach(async () => {
  await database.db.updateTable("live_chat_sessions").set({ state: "cancelled" }).execute();
  sessionId = (await addSession(database.db)).id;
  parts.sessions.forget();
});

describe("liking the session", () => {
  test("counts once a user; again is 409", async () => {
    expect((await call("POST /live-chat/like", { user: 1 })).body).toEqual({ message: "Session liked successfully", total_likes: 1 });
    expect((await call("POST /live-chat/like", { user: 2 })).body).toMatchObject({ total_likes: 2 });
    expect((await call("POST /live-chat/like", { user: 1 })).body).toMatchObject({ status: 409, code: "already_liked" });
  });

  test("ten at once of one user are one", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => call("POST /live-chat/like", { user: 7 })));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(9);
  });

  test("needs no body, whatever the content type says of it", async () => {
    const headers = { "content-type": "application/json" };
    expect((await call("POST /live-chat/like", { user: 3, body: "", headers })).status).toBe(200);
    expect((await call("POST /live-chat/like", { user: 4, body: {} })).status).toBe(200);
  });

  test("is refused outside the window and where there is no session", async () => {
    const later = await addSession(database.db, { opensInMs: 3_600_000, closesInMs: 7_200_000 });
    const refused = { status: 403, code: "chat_closed" };
    expect((await call(`POST /live-chat/like?session_id=${later.id}`)).body).toMatchObject(refused);
    await database.db.updateTable("live_chat_sessions").set({ state: "cancelled" }).execute();
    parts.sessions.forget();
    expect((await call("POST /live-chat/like")).body).toMatchObject(refused);
  });

  test("stays 409 after Redis lost its memory, for likes that are stored", async () => {
    await call("POST /live-chat/like", { user: 5 });
    await database.db
      .insertInto("live_chat_likes")
      .values({ session_id: sessionId, message_id: null, user_id: 5, created_at: new Date() })
      .execute();
    await database.db.updateTable("live_chat_sessions").set({ total_likes: 1 }).where("id", "=", sessionId).execute();
    await flushAll(redis);
    expect((await call("POST /live-chat/like", { user: 5 })).status).toBe(409);
    expect((await call("POST /live-chat/like", { user: 6 })).body).toMatchObject({ total_likes: 2 });
  });
});

describe("liking a message", () => {
  test("counts once a user; again is 409", async () => {
    const [id] = await post(acceptor, sessionId, ["hello"]);
    const like = (user: number) => call(`POST /live-chat/like-message/${id}`, { user });
    expect((await like(1)).body).toEqual({ message: "Message liked successfully", likes: 1 });
    expect((await like(2)).body).toMatchObject({ likes: 2 });
    expect((await like(1)).body).toMatchObject({ status: 409, code: "already_liked" });
  });

  test("finds a message that history no longer holds", async () => {
    const [id = 0] = await post(acceptor, sessionId, ["old"]);
    await store(database, sessionId, { id, likes: 4 });
    await database.db
      .insertInto("live_chat_likes")
      .values({ session_id: sessionId, message_id: id, user_id: 8, created_at: new Date() })
      .execute();
    await flushAll(redis);
    await restorer.restore(`s${sessionId}`);
    await redis.del(
      ...(await findKeys(redis, "dc:*:history:*")),
      ...(await findKeys(redis, "dc:*:likes:*")),
      ...(await findKeys(redis, "dc:*:liked:*")),
    );
    expect((await call(`POST /live-chat/like-message/${id}`, { user: 1 })).body).toMatchObject({ likes: 5 });
    await redis.del(...(await findKeys(redis, "dc:*:likes:*")), ...(await findKeys(redis, "dc:*:liked:*")));
    expect((await call(`POST /live-chat/like-message/${id}`, { user: 8 })).body).toMatchObject({ code: "already_liked" });
  });

  test("of a closed session is refused", async () => {
    const [id = 0] = await post(acceptor, sessionId, ["late"]);
    await store(database, sessionId, { id });
    await call(`POST /live-chat/sessions/${sessionId}/close`, { roles: ["admin"] });
    expect((await call(`POST /live-chat/like-message/${id}`)).body).toMatchObject({ status: 403, code: "chat_closed" });
  });

  test.each(["1", "abc", "1.5", "-1", "9007199254740993", "1%00", "1%2F..%2F2", "9".repeat(200)])("%s is not found", async (id) => {
    expect((await call(`POST /live-chat/like-message/${id}`)).body).toMatchObject({ status: 404, code: "not_found" });
  });
});

describe("the budget of writes", () => {
  test("refuses with when to come again, and counts each user for himself", async () => {
    const limited = await testApi(stores, { writesPerMinute: 2 });
    const like = (user: number) => limited.call("POST /live-chat/like-message/1", { user });
    for (const expected of [404, 404, 429]) expect((await like(21)).status).toBe(expected);
    const { headers, body } = await like(21);
    expect(body).toMatchObject({ status: 429, code: "rate_limited", retry_after_ms: expect.any(Number) });
    expect(Number(headers["retry-after"])).toBeGreaterThanOrEqual(1);
    expect((await like(22)).status).toBe(404);
  });
});
