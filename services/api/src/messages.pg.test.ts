import { MessagePage } from "@drawchat/protocol/rest";
import { keys } from "@drawchat/redis/keys";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { addSession } from "@drawchat/testkit/sessions";
import Value from "typebox/value";
import { beforeEach, expect, test } from "vitest";
import { post, store, testApi, testStores } from "./test-api.ts";

const { parts, call, database, redis } = await testApi(await testStores());
const { acceptor } = parts;
const texts = (n: number, from = 1) => Array.from({ length: n }, (_, i) => `line ${from + i}`);
let sessionId = 0;

beforeEach(async () => {
  sessionId = (await addSession(database.db)).id;
});

async function page(query = ""): Promise<MessagePage["messages"]> {
  const { status, body } = await call(`GET /live-chat/messages?session_id=${sessionId}${query}`);
  expect(status).toBe(200);
  if (!Value.Check(MessagePage, body)) throw new Error("not a page of messages");
  return body.messages;
}

const idsOf = (messages: MessagePage["messages"]) => messages.map((message) => message.id);

test("a page has the newest messages, oldest first, a just accepted one included", async () => {
  const ids = await post(acceptor, sessionId, texts(60));
  const messages = await page();
  expect(idsOf(messages)).toEqual(ids.slice(-50));
  expect(messages.at(-1)).toMatchObject({ message: "line 60", user_id: 1, likes: 0, is_host: false });
});

test("pages join history in Redis and rows in Postgres without a gap or a double", async () => {
  const ids = await post(acceptor, sessionId, texts(30));
  for (const id of ids) await store(database, sessionId, { id });
  const newest = [];
  for (const text of texts(12, 31)) newest.push(...(await post(acceptor, sessionId, [text])));
  for (const id of newest.slice(0, 6)) await store(database, sessionId, { id });
  await redis.xtrim(keys.history(`s${sessionId}`), "MAXLEN", "9"); // the nine newest publications stay
  const all = [...ids, ...newest];
  expect(idsOf(await page("&limit=42"))).toEqual(all);
  const seen: number[] = [];
  for (let before = ""; ; ) {
    const messages = await page(`&limit=5${before}`);
    seen.unshift(...idsOf(messages));
    if (messages.length < 5) break;
    before = `&before=${messages[0]?.id}`;
  }
  expect(seen).toEqual(all);
});

test("before cuts inside a publication", async () => {
  const ids = await post(acceptor, sessionId, texts(40)); // a few publications of many messages
  expect(idsOf(await page(`&limit=3&before=${ids[20]}`))).toEqual(ids.slice(17, 20));
  expect(await page(`&before=${ids[0]}`)).toEqual([]);
});

test("a room that Redis does not know is read from Postgres", async () => {
  const ids = await post(acceptor, sessionId, texts(3));
  for (const id of ids) await store(database, sessionId, { id, likes: 2 });
  await flushAll(redis);
  const messages = await page();
  expect(idsOf(messages)).toEqual(ids);
  expect(messages[0]?.likes).toBe(2);
});

test("likes are those of Redis where it has them", async () => {
  const [first] = await post(acceptor, sessionId, texts(2));
  await call(`POST /live-chat/like-message/${first}`, { user: 2 });
  await call(`POST /live-chat/like-message/${first}`, { user: 3 });
  expect((await page()).map((message) => message.likes)).toEqual([2, 0]);
});

test("a deleted message is in no page, stored or not", async () => {
  const [first = 0, second = 0, third = 0] = await post(acceptor, sessionId, texts(3));
  await store(database, sessionId, { id: first, deleted_at: new Date(), message: "gone" });
  const deletion = ['{"type":"delete","id":', `,"message_id":${second}}`, ""] as const;
  await acceptor.submit({ room: `s${sessionId}`, kind: "d", userId: 9, clientId: crypto.randomUUID(), parts: deletion, v2Only: true });
  expect(idsOf(await page(`&before=${third}`))).not.toContain(first);
  expect(idsOf(await page())).not.toContain(second);
  expect(idsOf(await page())).toContain(third);
});

test("without a session there is an empty page", async () => {
  await database.db.updateTable("live_chat_sessions").set({ state: "cancelled" }).execute();
  parts.sessions.forget();
  expect((await call("GET /live-chat/messages")).body).toEqual({ messages: [] });
});

test.each(["0", "-1", "1e9", "1.5", "abc", "", "50;drop", "101", "5&limit=6", "%20", "0x10"])("limit=%s is bad_limit", async (limit) => {
  expect((await call(`GET /live-chat/messages?limit=${limit}`)).body).toMatchObject({ status: 400, code: "bad_limit" });
});

test.each(["abc", "1.5", "-1", "0", "", "9007199254740993", "01"])("before=%s is bad_id", async (before) => {
  expect((await call(`GET /live-chat/messages?before=${before}`)).body).toMatchObject({ status: 400, code: "bad_id" });
});

test("before is refused where it is the id of another session's message", async () => {
  const other = await addSession(database.db);
  const [id] = await post(acceptor, other.id, ["elsewhere"]);
  expect((await call(`GET /live-chat/messages?session_id=${sessionId}&before=${id}`)).body).toMatchObject({ status: 400, code: "bad_id" });
});
