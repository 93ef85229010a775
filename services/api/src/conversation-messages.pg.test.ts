import { insertUpload } from "@drawchat/db/uploads";
import type { ConversationMessage } from "@drawchat/protocol/conversations";
import { Conversation, ConversationMessagePage, NewerMessages, type ReadState, SentMessage } from "@drawchat/protocol/conversations-rest";
import { conversationRoom, PARTITIONS } from "@drawchat/protocol/ids";
import { readHistoryPage } from "@drawchat/redis/history-page";
import { keys } from "@drawchat/redis/keys";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import Value from "typebox/value";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BOT_ID, codeOf, conversationWorld, person } from "../test/conversation-world.ts";
import { type Call, testStores } from "./test-api.ts";

const stores = await testStores();
const world = await conversationWorld(stores);
const { call, ask, begin, say, note, store, redis, parts } = world;
const [ANN, BEN, CLEO, DAVE] = [person(1), person(2, "agent"), person(3, "admin"), person(4)];
let id = 0;

beforeAll(async () => {
  for (const each of [ANN, BEN, CLEO, DAVE]) await call("GET /users/me", each);
});
beforeEach(async () => {
  id = (await begin(ANN)).id;
});

const path = (rest = "") => `/conversations/${id}/messages${rest}`;
const pageFor = (by: Call, query = "") => ask(ConversationMessagePage, `GET ${path(query)}`, by);
const send = (by: Call, body: object) => call(`POST ${path()}`, { ...by, body: { client_id: crypto.randomUUID(), ...body } });
const read = () => ask(Conversation, `GET /conversations/${id}`, BEN);
const textsOf = ({ messages }: ConversationMessagePage) => messages.map(({ message }) => message);

/** So many lines of ann, the first of them stored, the last only in Redis. */
async function lines(stored: number, unstored: number): Promise<ConversationMessage[]> {
  const said: ConversationMessage[] = [];
  for (let n = 0; n < stored + unstored; n += 1) said.push(await say(ANN, id, `line ${n}`));
  for (const message of said.slice(0, stored)) await store(message);
  return said;
}

describe("a page", () => {
  test("has what was just sent, and what is stored, each once", async () => {
    const said = await lines(3, 2);
    expect((await pageFor(ANN)).messages).toEqual(said);
    await flushAll(redis);
    expect(textsOf(await pageFor(ANN))).toEqual(["line 0", "line 1", "line 2"]);
  });

  test.each([
    [6, 0],
    [0, 6],
    [3, 3],
    [2, 4],
  ])("leads to the others in both directions, with %i stored and %i not", async (stored, unstored) => {
    const ids = (await lines(stored, unstored)).map((message) => message.id);
    const seen: number[] = [];
    let page = await pageFor(ANN, "?limit=2");
    expect(page.next_after).toBeNull();
    for (;;) {
      seen.unshift(...page.messages.map((message) => message.id));
      if (page.next_before === null) break;
      page = await pageFor(ANN, `?limit=2&before=${page.next_before}`);
      expect(page.next_after).toBe(page.messages.at(-1)?.id);
    }
    expect(seen).toEqual(ids);
    const forward = page.messages.map((message) => message.id);
    for (let after = page.next_after; after !== null; after = page.next_after) {
      page = await pageFor(ANN, `?limit=2&after=${after}`);
      expect(page.next_before).toBe(page.messages[0]?.id);
      forward.push(...page.messages.map((message) => message.id));
    }
    expect(forward).toEqual(ids);
  });

  test("beyond the ends is empty and leads back", async () => {
    const [first, last] = await lines(1, 1);
    if (first === undefined || last === undefined) throw new Error("no lines");
    expect(await pageFor(ANN, `?before=${first.id}`)).toEqual({ messages: [], next_before: null, next_after: first.id });
    expect(await pageFor(ANN, `?after=${last.id}`)).toEqual({ messages: [], next_before: last.id, next_after: null });
    id = (await begin(ANN)).id;
    expect(await pageFor(ANN)).toEqual({ messages: [], next_before: null, next_after: null });
    expect(await pageFor(ANN, `?before=${PARTITIONS + (id % PARTITIONS)}`)).toEqual({ messages: [], next_before: null, next_after: null });
  });

  test("has notes among the messages for agents, by id, and for nobody else", async () => {
    const stored = [await say(ANN, id, "one"), await note(BEN, id, "psst"), await say(ANN, id, "two")];
    for (const message of stored) await store(message);
    await note(BEN, id, "psst again");
    await say(ANN, id, "three");
    expect(textsOf(await pageFor(BEN))).toEqual(["one", "psst", "two", "psst again", "three"]);
    expect(textsOf(await pageFor(ANN))).toEqual(["one", "two", "three"]);
    expect((await pageFor(ANN, "?limit=2")).next_before).toBe((await pageFor(ANN)).messages[1]?.id);
    const notes = await ask(ConversationMessagePage, `GET /conversations/${id}/notes`, BEN);
    expect(notes.messages.map(({ message, message_type }) => [message, message_type])).toEqual([
      ["psst", "note"],
      ["psst again", "note"],
    ]);
  });

  test.each([
    "limit=0",
    "limit=-1",
    "limit=1e9",
    "limit=101",
    "limit=abc",
    "limit=",
    "limit=50;drop",
    "limit=1&limit=2",
    "before=0",
    "before=abc",
    "before=9007199254740993",
    "after=-1",
    "after=1&after=2",
    "before=64&after=64",
  ])("?%s is 400", async (query) => {
    const { body } = await call(`GET ${path(`?${query}`)}`, ANN);
    expect(body).toMatchObject({ status: 400, code: query.startsWith("limit") ? "bad_limit" : "bad_id" });
  });

  test("is not placed by an id of another conversation", async () => {
    const foreign = PARTITIONS * 1_000 + ((id + 1) % PARTITIONS);
    expect((await call(`GET ${path(`?before=${foreign}`)}`, ANN)).body).toMatchObject({ status: 400, code: "bad_id" });
  });
});

describe("a message", () => {
  test("is 201 with all that the others see", async () => {
    const { status, body } = await send(ANN, { message: " hi\u0000\u202e there " });
    if (!Value.Check(SentMessage, body)) throw new Error("not sent");
    expect(status).toBe(201);
    expect(body).toMatchObject({ duplicate: false, message: { message: "hi there", user_id: 1, role: "customer", message_type: "text" } });
    const { events } = await readHistoryPage(redis, conversationRoom(id), {});
    expect(events.at(-1)?.body).toBe(JSON.stringify({ type: "new_message", message: body.message }));
    expect((await call(`GET ${path(`/${body.message.id}`)}`, ANN)).body).toEqual(body.message);
  });

  test.each([
    ["", "empty_message"],
    [" \u200b\u3164\n", "empty_message"],
    ["x".repeat(2_001), "too_long"],
    ["\u{1F600}".repeat(1_501), "too_long"],
    ["\ud800", "bad_text"],
    [`z${"\u0301".repeat(9)}`, "bad_text"],
  ])("of %j is refused as over a socket: %s", async (message, code) => {
    expect(codeOf(await send(ANN, { message }))).toBe(code);
  });

  test.each([
    ["no client_id", { client_id: undefined, message: "x" }],
    ["a client_id that is no UUID", { client_id: "x", message: "x" }],
    ["no text", {}],
    ["a number for a text", { message: 1 }],
    ["a role", { message: "x", role: "admin" }],
    ["an upload that is no UUID", { message: "x", upload_id: "../1" }],
    ["a negative if_last_id", { message: "x", if_last_id: -1 }],
  ])("with %s is 400", async (_what, body) => {
    expect((await send(ANN, body)).body).toMatchObject({ status: 400, code: "bad_request" });
  });

  test("sent again is the same message, also to a Redis that has forgotten", async () => {
    const body = { client_id: crypto.randomUUID().toUpperCase(), message: "once" };
    const first = await send(ANN, body);
    const again = await send(ANN, { ...body, message: "twice" });
    expect(again).toMatchObject({ status: 200, body: { message: Object(first.body).message, duplicate: true } });
    await store(Object(first.body).message, body.client_id);
    await flushAll(redis);
    expect(await send(ANN, body)).toMatchObject({ status: 200, body: again.body });
    expect((await pageFor(ANN)).messages).toHaveLength(1);
    expect((await send(BEN, body)).status).toBe(201);
  });

  test("by ten calls at once is one message", async () => {
    const body = { client_id: crypto.randomUUID(), message: "once" };
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(ANN, body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 9 }, () => 200), 201]);
    expect(new Set(answers.map((answer) => Object(answer.body).message.id)).size).toBe(1);
  });

  test("is accepted only where nothing newer was said than its sender knows of", async () => {
    expect((await send(ANN, { message: "first", if_last_id: 0 })).status).toBe(201);
    const [, second] = [await say(ANN, id, "second"), await say(ANN, id, "third")];
    const known = (await pageFor(ANN)).messages[0]?.id ?? 0;
    const answer = await send(BEN, { message: "an answer", if_last_id: known });
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    if (!Value.Check(NewerMessages, answer.body)) throw new Error(answer.text);
    expect([answer.status, answer.body.missed.map(({ message }) => message)]).toEqual([409, ["second", "third"]]);
    expect((await send(BEN, { message: "an answer", if_last_id: second.id })).status).toBe(201);
  });

  test("is not held up by a newer one that could not be stored and was withdrawn", async () => {
    const first = await say(ANN, id, "first");
    const ghost = await say(ANN, id, "ghost");
    const key = keys.history(conversationRoom(id));
    const [entry] = await redis.xrevrange(key, "+", "-", "COUNT", 1);
    await redis.xdel(key, entry?.[0] ?? ""); // as the writer's withdrawal leaves it for those who come later
    expect(await redis.hget(keys.room(conversationRoom(id)), "last_message")).toBe(String(ghost.id));
    expect((await send(BEN, { message: "an answer", if_last_id: first.id })).status).toBe(201);
  });

  test("of an agent makes them a participant, and the bot falls silent", async () => {
    expect(await read()).toMatchObject({ is_bot_on: true, is_participant: false });
    await say(BEN, id, "I take over");
    expect(await read()).toMatchObject({ is_bot_on: false, is_participant: true });
  });

  test("to agents alone leaves everything as it is", async () => {
    await note(CLEO, id, "good");
    expect(await read()).toMatchObject({ is_bot_on: true, participants: [{ user_id: 1 }, { user_id: BOT_ID }] });
  });

  test("beyond the budget is 429 with when to come again, but not a bot's", async () => {
    const slow = await conversationWorld(stores, { conversations: { maxMessagesPerUserPerMinute: 2 } });
    for (const message of ["one", "two"]) await slow.say(ANN, id, message);
    const body = { client_id: crypto.randomUUID(), message: "three" };
    const refused = await slow.call(`POST ${path()}`, { ...ANN, body });
    expect(refused).toMatchObject({ status: 429, body: { code: "rate_limited", retry_after_ms: expect.any(Number) } });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(50);
    for (let n = 0; n < 4; n += 1) await slow.say(person(BOT_ID, "bot"), id, "beep");
    const tight = await conversationWorld(stores, { writesPerMinute: 1 });
    await tight.say(ANN, id, "one");
    expect(codeOf(await tight.call(`POST ${path()}`, { ...ANN, body }))).toBe("rate_limited");
    expect((await tight.call(`POST /conversations/${id}/typing`, { ...ANN, body: { is_typing: true } })).status).toBe(204);
  });
});

describe("a file", () => {
  const upload = async (userId: number, conversationId = id) => {
    const file = { name: "a.png", content_type: "image/png", size_bytes: 9, width: 3, height: 2, thumbnail_bytes: null };
    const row = await insertUpload(parts.db, { id: crypto.randomUUID(), conversation_id: conversationId, user_id: userId, ...file });
    return row.id;
  };

  test("is in the one message that claims it, which needs no text then", async () => {
    const uploadId = await upload(1);
    const body = { client_id: crypto.randomUUID(), message: "", upload_id: uploadId };
    const sent = await send(ANN, body);
    expect(sent).toMatchObject({ status: 201, body: { message: { message: "", attachment: { upload_id: uploadId, width: 3 } } } });
    expect(await send(ANN, body)).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(codeOf(await send(ANN, { message: "again", upload_id: uploadId }))).toBe("bad_attachment");
    const edited = await call(`PATCH ${path(`/${Object(sent.body).message.id}`)}`, { ...ANN, body: { message: " " } });
    expect(edited).toMatchObject({ status: 200, body: { message: "", attachment: { upload_id: uploadId } } });
  });

  test.each([
    ["somebody else's", () => upload(4)],
    ["another conversation's", async () => upload(1, (await begin(ANN)).id)],
    ["one that is not there", async () => crypto.randomUUID()],
  ])("that is %s is not taken", async (_what, make) => {
    expect(await send(ANN, { message: "look", upload_id: await make() })).toMatchObject({ status: 400, body: { code: "bad_attachment" } });
  });
});

describe("an edit", () => {
  const edit = (by: Call, messageId: number, message: unknown) => call(`PATCH ${path(`/${messageId}`)}`, { ...by, body: { message } });

  test("is seen at once, of what is stored and of what is not", async () => {
    const [stored, unstored] = await lines(1, 1);
    for (const message of [stored, unstored]) {
      const answer = await edit(ANN, message?.id ?? 0, " changed ");
      expect(answer.body).toEqual({ ...message, message: "changed", edited_at: expect.any(String) });
      expect((await call(`GET ${path(`/${message?.id}`)}`, ANN)).body).toEqual(answer.body);
    }
    expect(textsOf(await pageFor(ANN))).toEqual(["changed", "changed"]);
    const { events } = await readHistoryPage(redis, conversationRoom(id), {});
    expect(events.map(({ kind }) => kind)).toEqual(["m", "m", "e", "e"]);
    expect((await edit(ANN, stored?.id ?? 0, "changed")).status).toBe(200);
    expect((await readHistoryPage(redis, conversationRoom(id), {})).events).toHaveLength(4);
  });

  test("has the rules of a message", async () => {
    const { id: messageId } = await say(ANN, id, "one");
    expect(codeOf(await edit(ANN, messageId, " "))).toBe("empty_message");
    expect(codeOf(await edit(ANN, messageId, "x".repeat(2_001)))).toBe("too_long");
    expect(codeOf(await edit(ANN, messageId, 1))).toBe("bad_request");
  });

  test("of a note is one for agents", async () => {
    const { id: noteId } = await note(BEN, id, "psst");
    expect((await edit(BEN, noteId, "psst!")).body).toMatchObject({ message: "psst!", message_type: "note" });
    expect((await edit(ANN, noteId, "x")).status).toBe(404);
    expect((await edit(CLEO, noteId, "x")).status).toBe(403);
  });
});

describe("a deletion", () => {
  const remove = (by: Call, messageId: number | string) => call(`DELETE ${path(`/${messageId}`)}`, by);

  test("leaves a tombstone at once, and again changes nothing", async () => {
    const [stored, unstored] = await lines(1, 1);
    for (const message of [stored, unstored]) {
      expect([(await remove(ANN, message?.id ?? 0)).status, (await remove(ANN, message?.id ?? 0)).status]).toEqual([204, 204]);
    }
    const { messages } = await pageFor(ANN);
    expect(messages).toEqual([stored, unstored].map((each) => ({ ...each, message: "", deleted_at: expect.any(String) })));
    const { events } = await readHistoryPage(redis, conversationRoom(id), {});
    expect(events.map(({ kind }) => kind)).toEqual(["m", "m", "d", "d"]);
    expect(codeOf(await call(`PATCH ${path(`/${stored?.id}`)}`, { ...ANN, body: { message: "back" } }))).toBe("conflict");
  });

  test("by an admin takes the message away and nothing else", async () => {
    const { id: messageId } = await say(ANN, id, "spam");
    expect((await remove(CLEO, messageId)).status).toBe(204);
    expect((await pageFor(ANN)).messages).toMatchObject([{ message: "" }]);
    expect(await read()).toMatchObject({ is_bot_on: true, participants: [{ user_id: 1 }, { user_id: BOT_ID }] });
  });

  test("of what is not here is 404", async () => {
    const other = await say(ANN, (await begin(ANN)).id, "elsewhere");
    for (const nothing of [other.id, 64 * 7 + (id % 64), "0", "abc", "1.5", "-1", "9007199254740993", "1%00"]) {
      for (const method of ["GET", "DELETE", "PATCH"]) {
        const body = method === "PATCH" ? { message: "x" } : undefined;
        expect((await call(`${method} ${path(`/${nothing}`)}`, { ...ANN, body })).body).toMatchObject({ status: 404, code: "not_found" });
      }
    }
  });
});

describe("a read mark", () => {
  const mark = (by: Call, upto: number) => call(`POST /conversations/${id}/read`, { ...by, body: { upto } });

  test("moves forward alone, to what there is", async () => {
    const [first, second] = [await say(ANN, id, "one"), await say(ANN, id, "two")];
    const bot = person(BOT_ID, "bot");
    const upto = async (answer: Promise<unknown>) => (Object(await answer).body as ReadState).upto;
    expect(await upto(mark(bot, second.id))).toBe(second.id);
    expect(await upto(mark(bot, first.id))).toBe(second.id);
    expect(codeOf(await mark(bot, second.id + 64_000_000))).toBe("bad_id");
    expect((await mark(BEN, first.id)).status).toBe(403);
  });

  test.each([{}, { upto: 0 }, { upto: "1" }, { upto: 1.5 }, { upto: 1, x: 1 }])("of %j is 400", async (body) => {
    expect((await call(`POST /conversations/${id}/read`, { ...ANN, body })).status).toBe(400);
  });
});

describe("typing", () => {
  test("is told to the room, and stored nowhere", async () => {
    await say(ANN, id, "hello");
    const subscriber = new Subscriber(stores.redisServer.url, "test", createLog("test", "silent"));
    await subscriber.connect();
    const heard = Promise.withResolvers<Buffer>();
    await subscriber.subscribe(keys.channel(conversationRoom(id)), { onMessage: heard.resolve });
    expect((await call(`POST /conversations/${id}/typing`, { ...ANN, body: { is_typing: true } })).status).toBe(204);
    expect((await heard.promise).toString("utf8")).toBe(`C ${conversationRoom(id)}\n{"type":"typing","user_id":1,"is_typing":true}`);
    subscriber.disconnect();
    expect((await call(`POST /conversations/${id}/typing`, { ...ANN, body: { is_typing: "yes" } })).status).toBe(400);
  });
});
