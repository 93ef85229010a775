/** The hot reads: what a storm of readers costs, and that what was just accepted is in the next answer all the same. */
import { MessagePage, Status } from "@drawchat/protocol/rest";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { addSession } from "@drawchat/testkit/sessions";
import Value from "typebox/value";
import { afterAll, beforeEach, expect, test } from "vitest";
import { post, store, testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const { parts, call, database, restorer } = await testApi(stores);

/** Another node: nothing of it is known to the api but what Redis tells. */
const otherRedis = commandClient(stores.redisServer.url, "other", createLog("test", "silent"));
await otherRedis.connect();
afterAll(() => otherRedis.disconnect());
const elsewhere = new Acceptor({
  redis: otherRedis,
  log: createLog("test", "silent"),
  limits: { session: 0, conversation: 0 },
  restoreRoom: (room) => restorer.restore(room),
});

let sessionId = 0;
let queries = 0;
database.pool.on("acquire", () => {
  queries += 1;
});

beforeEach(async () => {
  await database.db.updateTable("live_chat_sessions").set({ state: "cancelled" }).execute();
  sessionId = (await addSession(database.db)).id;
  parts.sessions.forget();
});

async function messages(query = ""): Promise<MessagePage["messages"]> {
  const { body } = await call(`GET /live-chat/messages${query}`);
  if (!Value.Check(MessagePage, body)) throw new Error(`not a page of messages: ${JSON.stringify(body)}`);
  return body.messages;
}

async function status(): Promise<Status> {
  const { body } = await call("GET /live-chat/status");
  if (!Value.Check(Status, body)) throw new Error(`not a status: ${JSON.stringify(body)}`);
  return body;
}

const newest = async () => (await messages()).at(-1)?.id;

/** Commands that Redis ran meanwhile, scripts as one each. */
async function countCommands(work: () => Promise<unknown>): Promise<Map<string, number>> {
  await otherRedis.config("RESETSTAT");
  await work();
  const stats = await otherRedis.info("commandstats");
  const counts = [...stats.matchAll(/cmdstat_([a-z|]+):calls=(\d+)/g)].map(([, name = "", calls]) => [name, Number(calls)] as const);
  return new Map(counts.filter(([name]) => !name.startsWith("config") && name !== "info"));
}

const times = <T>(n: number, work: () => Promise<T>) => Promise.all(Array.from({ length: n }, work));

test("200 who ask at once after a change all see it, for a handful of commands and no query", async () => {
  await post(
    parts.acceptor,
    sessionId,
    Array.from({ length: 60 }, (_, i) => `line ${i}`),
  );
  await Promise.all([messages(), status()]);
  const [id] = await post(elsewhere, sessionId, ["news"]);
  const queriesBefore = queries;
  const counts = await countCommands(async () => {
    const pages = await times(200, () => messages());
    expect(new Set(pages.map((page) => page.at(-1)?.id))).toEqual(new Set([id]));
    expect(new Set((await times(200, status)).map(({ session_id }) => session_id))).toEqual(new Set([sessionId]));
  });
  expect(queries - queriesBefore).toBeLessThanOrEqual(4); // the session's row is looked at once or twice a second
  expect(counts.get("xrevrange") ?? 0).toBeLessThanOrEqual(3);
  expect(counts.get("evalsha") ?? 0).toBeLessThanOrEqual(20); // looks, each for all who came in the same millisecond
  expect(counts.get("hmget") ?? 0).toBeLessThanOrEqual(60); // three in a look, one a page
});

test("a page that history does not fill costs Postgres one query for all, also while lines come in", async () => {
  await post(elsewhere, sessionId, ["first"]);
  await messages();
  const queriesBefore = queries;
  for (let i = 0; i < 10; i += 1) {
    const [id] = await post(elsewhere, sessionId, [`line ${i}`]);
    const pages = await times(20, () => messages());
    expect(new Set(pages.map((page) => page.at(-1)?.id))).toEqual(new Set([id]));
  }
  expect(queries - queriesBefore).toBeLessThanOrEqual(6);
});

test("what was acknowledged on another node is in the next answer, a hundred times, while others read", async () => {
  let isOver = false;
  const others = times(10, async () => {
    while (!isOver) await Promise.all([messages(), status()]);
  });
  for (let i = 0; i < 100; i += 1) {
    const [id] = await post(elsewhere, sessionId, [`line ${i}`]);
    expect(await newest()).toBe(id);
  }
  isOver = true;
  await others;
});

test("likes and deletions from elsewhere are in the next answer", async () => {
  const [first = 0, second = 0] = await post(elsewhere, sessionId, ["one", "two"]);
  expect((await messages()).map(({ likes }) => likes)).toEqual([0, 0]);
  expect((await status()).total_likes).toBe(0);
  const room = `s${sessionId}` as const;
  for (let userId = 1; userId <= 10; userId += 1) {
    await elsewhere.like({ room, target: `${first}`, userId });
    expect((await messages())[0]?.likes).toBe(userId);
    await elsewhere.like({ room, target: "s", userId });
    expect((await status()).total_likes).toBe(userId);
  }
  const deletion = ['{"type":"delete","id":', `,"message_id":${second}}`, ""] as const;
  await elsewhere.submit({ room, kind: "d", userId: 9, clientId: crypto.randomUUID(), parts: deletion, v2Only: true });
  expect((await messages()).map(({ id }) => id)).toEqual([first]);
});

test("an older page is read once for a storm, and shows a deletion within a second", async () => {
  const ids = await post(elsewhere, sessionId, ["one", "two", "three"]);
  for (const id of ids) await store(database, sessionId, { id });
  const older = `?before=${ids[2]}`;
  const queriesBefore = queries;
  const pages = await times(100, () => messages(older));
  expect(new Set(pages.map((page) => page.length))).toEqual(new Set([2]));
  expect(queries - queriesBefore).toBeLessThanOrEqual(6);
  await database.db
    .updateTable("live_chat_messages")
    .set({ deleted_at: new Date() })
    .where("id", "=", ids[0] ?? 0)
    .execute();
  await expect.poll(async () => (await messages(older)).map(({ id }) => id), { timeout: 1_000 }).toEqual([ids[1]]);
});

test("who has a page is told so, until there is another", async () => {
  await post(elsewhere, sessionId, ["one"]);
  const first = await call("GET /live-chat/messages");
  const etag = String(first.headers.etag);
  expect(etag).toMatch(/^"[\w-]{27}"$/);
  expect(first.headers["cache-control"]).toBe("private, no-cache");
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const again = await call("GET /live-chat/messages", { headers: { "if-none-match": known } });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, "", etag]);
  }
  await post(elsewhere, sessionId, ["two"]);
  const changed = await call("GET /live-chat/messages", { headers: { "if-none-match": etag } });
  expect(changed.status).toBe(200);
  expect(changed.headers.etag).not.toBe(etag);
});

test("who has a status is told so while nothing but the time has moved; it is never kept", async () => {
  const first = await call("GET /live-chat/status");
  const etag = String(first.headers.etag);
  expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
  expect(first.headers["cache-control"]).toBe("no-store");
  expect((await call("GET /live-chat/status", { headers: { "if-none-match": etag } })).status).toBe(304);
  expect((await call("HEAD /live-chat/status", { headers: { "if-none-match": etag } })).status).toBe(304);
  await call("POST /live-chat/like", { user: 5 });
  expect((await call("GET /live-chat/status", { headers: { "if-none-match": etag } })).status).toBe(200);
});

test("the time of a status goes on while it is answered from memory", async () => {
  const startedAt = performance.now();
  const first = await status();
  await expect.poll(async () => (await status()).server_time, { interval: 5 }).not.toBe(first.server_time);
  const movedMs = Date.parse((await status()).server_time) - Date.parse(first.server_time);
  expect(movedMs).toBeGreaterThan(0);
  expect(movedMs).toBeLessThanOrEqual(Math.ceil(performance.now() - startedAt) + 5);
});

test("a token that is not good gets no answer from memory", async () => {
  await messages();
  for (const path of ["status", "messages"]) {
    expect((await call(`GET /live-chat/${path}`, { user: 0 })).status).toBe(401);
    expect((await call(`GET /live-chat/${path}`, { user: 0, headers: { "if-none-match": "*" } })).status).toBe(401);
  }
});
