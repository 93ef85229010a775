import type { RoomName } from "@drawchat/protocol/ids";
import { readHistoryPage, readLikes } from "@drawchat/redis/history-page";
import { keys } from "@drawchat/redis/keys";
import { readRoom } from "@drawchat/redis/room-state";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { addSession } from "@drawchat/testkit/sessions";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { buildPrivateServer } from "./private-server.ts";
import { post, store, testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const { parts, restorer, redis, database, call, redisServer } = await testApi(stores);
const log = createLog("test", "error");
const missing: string[] = [];
const app = buildPrivateServer({ ...parts, restorer, metrics: new Metrics("test"), notReady: async () => missing });
afterAll(() => app.close());
let sessionId = 0;
let room: RoomName = "s1";

beforeEach(async () => {
  await flushAll(redis);
  sessionId = (await addSession(database.db)).id;
  room = `s${sessionId}`;
});

const restore = (name: string) => app.inject({ method: "POST", url: `/internal/rooms/${name}/restore` });
const idsInHistory = async () => (await readHistoryPage(redis, room, {})).events.map((event) => event.id);

describe("a restore", () => {
  test("brings back policy, last events, likes and position", async () => {
    const ids = await post(parts.acceptor, sessionId, ["one", "two", "three"]);
    await call(`POST /live-chat/like-message/${ids[1]}`, { user: 4 });
    for (const id of ids) await store(database, sessionId, { id, likes: id === ids[1] ? 1 : 0 });
    await flushAll(redis);
    expect((await restore(room)).statusCode).toBe(204);
    expect(await idsInHistory()).toEqual(ids);
    expect(await readRoom(redis, room)).toMatchObject({ upto: ids[2], policy: { state: "open", version: 1 } });
    expect(await readLikes(redis, room, ["s", `${ids[1] ?? 0}`])).toEqual(
      new Map([
        ["s", 0],
        [`${ids[1]}`, 1],
      ]),
    );
  });

  test("merges what only the log has with what is stored", async () => {
    const ids = await post(parts.acceptor, sessionId, ["one", "two"]);
    ids.push(...(await post(parts.acceptor, sessionId, ["three"])));
    await call(`POST /live-chat/like?session_id=${sessionId}`, { user: 4 });
    for (const id of ids.slice(0, 2)) await store(database, sessionId, { id });
    await redis.del(keys.room(room), keys.history(room), keys.likes(room));
    expect((await restore(room)).statusCode).toBe(204);
    expect(await idsInHistory()).toEqual(ids);
    expect(await readLikes(redis, room, ["s"])).toEqual(new Map([["s", 1]]));
    const later = await post(parts.acceptor, sessionId, ["four"]);
    expect(await idsInHistory()).toEqual([...ids, ...later]);
  });

  test("remembers which message was sent under which client_id", async () => {
    const message = { room, kind: "m" as const, userId: 5, clientId: crypto.randomUUID() };
    const line = ',"user_id":5,"username":"u","profile_pic":null,"message":"x","message_type":"text","likes":0,"created_at":"';
    const parts3 = ['{"type":"new_message","message":{"id":', line, '","is_winner":false,"is_host":false}}'] as const;
    const first = await parts.acceptor.submit({ ...message, parts: parts3 });
    await redis.del(keys.room(room));
    expect((await restore(room)).statusCode).toBe(204);
    expect(await parts.acceptor.submit({ ...message, parts: parts3 })).toEqual({ ...first, kind: "duplicate" });
  });

  test("leaves out deleted messages", async () => {
    const ids = await post(parts.acceptor, sessionId, ["one", "two"]);
    for (const id of ids) await store(database, sessionId, { id });
    await database.db
      .updateTable("live_chat_messages")
      .set({ deleted_at: new Date() })
      .where("id", "=", ids[0] ?? 0)
      .execute();
    await flushAll(redis);
    await restore(room);
    expect(await idsInHistory()).toEqual(ids.slice(1));
  });

  test("by many at once is done once, and does nothing where the room is there", async () => {
    await post(parts.acceptor, sessionId, ["one"]);
    const [before] = await idsInHistory();
    const answers = await Promise.all(Array.from({ length: 20 }, () => restore(room)));
    expect(new Set(answers.map((answer) => answer.statusCode))).toEqual(new Set([204]));
    expect(await idsInHistory()).toEqual([before]);
  });

  test("is 404 for what there is not, and for a session over for more than a day", async () => {
    const old = await addSession(database.db, { opensInMs: -200 * 3_600_000, drawInMs: -199 * 3_600_000, closesInMs: -198 * 3_600_000 });
    for (const name of ["s999999", "c7", "x", "s0", "s01", `s${old.id}`]) expect((await restore(name)).statusCode).toBe(404);
  });

  test("has the policy that was committed meanwhile", async () => {
    await restore(room);
    await redis.del(keys.room(room));
    await call(`POST /live-chat/sessions/${sessionId}/close`, { roles: ["admin"] });
    await restore(room);
    expect((await readRoom(redis, room))?.policy).toMatchObject({ state: "closed", version: 2 });
  });
});

describe("a rebuild", () => {
  test("makes the history anew from the record and resets the gateways", async () => {
    const ids = await post(parts.acceptor, sessionId, ["one", "two"]);
    for (const id of ids) await store(database, sessionId, { id });
    await redis.xtrim(keys.history(room), "MAXLEN", "0");
    const subscriber = new Subscriber(redisServer.url, "test", log);
    await subscriber.connect();
    const published = Promise.withResolvers<Buffer>();
    await subscriber.subscribe(keys.channel(room), { onMessage: published.resolve });
    const answer = await app.inject({ method: "POST", url: `/internal/rooms/${room}/rebuild` });
    expect(answer.statusCode).toBe(204);
    expect((await published.promise).toString("utf8")).toBe(`C ${room}\n{"type":"reset"}`);
    expect(await idsInHistory()).toEqual(ids);
    subscriber.disconnect();
  });
});

describe("questions to Postgres", () => {
  test("sent: the id under which a client_id is stored, or null", async () => {
    const client = crypto.randomUUID();
    await store(database, sessionId, { id: 64_000 + (sessionId % 64), client_id: client });
    const ask = async (user: number, clientId: string) =>
      (await app.inject({ method: "GET", url: `/internal/rooms/${room}/sent?user_id=${user}&client_id=${clientId}` })).json();
    expect(await ask(1, client)).toEqual({ id: 64_000 + (sessionId % 64) });
    expect(await ask(2, client)).toEqual({ id: null });
    expect(await ask(1, crypto.randomUUID())).toEqual({ id: null });
    expect(await ask(1, "x")).toMatchObject({ status: 400, code: "bad_client_id" });
  });

  test("messages: whether there is one in this room, and its likes", async () => {
    const id = 128_000 + (sessionId % 64);
    await store(database, sessionId, { id, likes: 3 });
    const ask = async (name: string, message: number | string) =>
      (await app.inject({ method: "GET", url: `/internal/rooms/${name}/messages/${message}` })).json();
    expect(await ask(room, id)).toEqual({ exists: true, likes: 3 });
    expect(await ask("s999999", id)).toEqual({ exists: false, likes: 0 });
    expect(await ask(room, "x")).toEqual({ exists: false, likes: 0 });
  });
});

describe("probes", () => {
  test("healthz, readyz and metrics", async () => {
    expect((await app.inject("/healthz")).json()).toEqual({ status: "ok" });
    expect((await app.inject("/readyz")).json()).toEqual({ ready: true, missing: [] });
    missing.push("redis");
    const answer = await app.inject("/readyz");
    expect({ status: answer.statusCode, body: answer.json() }).toEqual({ status: 503, body: { ready: false, missing: ["redis"] } });
    expect((await app.inject("/metrics")).payload).toContain("process_cpu_seconds_total");
  });
});
