import { Conversation, ConversationPage, ParticipantList } from "@drawchat/protocol/conversations-rest";
import { conversationRoom } from "@drawchat/protocol/ids";
import { newMessageParts } from "@drawchat/redis/conversation-message";
import { readHistoryPage } from "@drawchat/redis/history-page";
import { keys } from "@drawchat/redis/keys";
import { readRoom } from "@drawchat/redis/room-state";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BOT_ID, codeOf, conversationWorld, person } from "../test/conversation-world.ts";
import { buildPrivateServer } from "./private-server.ts";
import { testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const world = await conversationWorld(stores);
const { call, ask, begin, say, parts, redis } = world;
const [ANN, BEN, CLEO, DAVE, EVE] = [person(1), person(2, "agent"), person(3, "admin"), person(4), person(5)];
const NOTHING = 999_999_999;

beforeAll(async () => {
  for (const each of [ANN, BEN, CLEO, DAVE, EVE]) await call("GET /users/me", each);
});

const change = (by: typeof ANN, id: number, body: object) => call(`PATCH /conversations/${id}`, { ...by, body });
const read = (by: typeof ANN, id: number) => ask(Conversation, `GET /conversations/${id}`, by);
const membersOf = ({ participants }: Conversation) => participants.map((one) => one.user_id);

/** A bot's message as it goes into the room. */
function sayAsBot(id: number) {
  const message = { user_id: BOT_ID, username: "Robo", profile_pic: null, role: "bot", message: "Hi", message_type: "text" } as const;
  const submission = { room: conversationRoom(id), kind: "m", userId: BOT_ID, clientId: crypto.randomUUID() } as const;
  return parts.acceptor.submit({ ...submission, parts: newMessageParts({ conversation_id: id, ...message, attachment: null }) });
}

/** What these channels publish while `during` runs, until there are so many. */
async function heardOn(channels: string[], count: number, during: () => Promise<unknown>): Promise<unknown[]> {
  const subscriber = new Subscriber(stores.redisServer.url, "test", createLog("test", "silent"));
  await subscriber.connect();
  const heard: unknown[] = [];
  const done = Promise.withResolvers<void>();
  const onMessage = (bytes: Buffer) => {
    heard.push(JSON.parse(bytes.toString("utf8")));
    if (heard.length === count) done.resolve();
  };
  await Promise.all(channels.map((channel) => subscriber.subscribe(channel, { onMessage })));
  await during();
  await done.promise;
  subscriber.disconnect();
  return heard;
}

describe("a new conversation", () => {
  test("of a customer has the bot in it, and what it was begun with is read at once", async () => {
    const made = await begin(ANN, { title: " My\n ticket ", message: { client_id: crypto.randomUUID(), message: "Where is it?" } });
    expect(made).toMatchObject({ title: "My ticket", status: "open", is_bot_on: true, is_participant: true, assignee_id: null });
    expect(membersOf(made)).toEqual([1, BOT_ID]);
    expect(made.last_message).toMatchObject({ user_id: 1, message: "Where is it?" });
    const page = await call(`GET /conversations/${made.id}/messages`, ANN);
    expect(page.body).toMatchObject({ messages: [{ message: "Where is it?", role: "customer" }] });
    expect(await sayAsBot(made.id)).toMatchObject({ kind: "accepted" });
  });

  test("of an agent has those named, and no bot", async () => {
    const made = await begin(BEN, { participant_ids: [1, 2, 4], priority: "urgent", labels: ["vip", "vip "] });
    expect(made).toMatchObject({ priority: "urgent", labels: ["vip"], is_bot_on: false });
    expect(membersOf(made)).toEqual([1, 2, 4]);
    const unknown = await call("POST /conversations", { ...BEN, body: { client_id: crypto.randomUUID(), participant_ids: [NOTHING] } });
    expect(unknown.body).toMatchObject({ status: 400, code: "bad_id" });
  });

  test("is made once, however often and from however many it is asked for", async () => {
    const body = { client_id: crypto.randomUUID(), message: { client_id: crypto.randomUUID(), message: "once" } };
    const answers = await Promise.all(Array.from({ length: 10 }, () => call("POST /conversations", { ...ANN, body })));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 9 }, () => 200), 201]);
    const ids = new Set(answers.map((answer) => Object(answer.body).id));
    expect(ids.size).toBe(1);
    const page = await call(`GET /conversations/${[...ids][0]}/messages`, ANN);
    expect(Object(page.body).messages).toHaveLength(1);
  });

  test("is on the lists of those in it and of all agents", async () => {
    const heard = await heardOn([keys.inbox(1), keys.inbox(4), keys.agentsInbox], 3, () => begin(BEN, { participant_ids: [1, 4] }));
    expect(heard).toEqual(
      expect.arrayContaining([
        { except: [1, 2, 4], frame: { type: "inbox", conversation: expect.objectContaining({ is_participant: false }) } },
        { type: "inbox", conversation: expect.objectContaining({ is_participant: true, unread_count: 0 }) },
      ]),
    );
  });

  test.each([
    ["no client_id", {}],
    ["a client_id that is no UUID", { client_id: "x" }],
    ["an empty title", { title: "" }],
    ["a blank title", { title: "\u200b" }],
    ["a title of 201 characters", { title: "x".repeat(201) }],
    ["an unknown field", { user_id: 7 }],
    ["participants twice", { participant_ids: [1, 1] }],
    ["participants that are no ids", { participant_ids: ["1"] }],
    ["a blank label", { labels: [" "] }],
    ["a priority that is none", { priority: "highest" }],
    ["a message without client_id", { message: { message: "hello" } }],
    ["an empty message", { message: { client_id: crypto.randomUUID(), message: " " } }],
  ])("is not made by %s", async (_what, more) => {
    const body = "client_id" in more || Object.keys(more).length === 0 ? more : { client_id: crypto.randomUUID(), ...more };
    expect((await call("POST /conversations", { ...BEN, body })).status).toBe(400);
  });
});

describe("the list", () => {
  test("goes back page by page, and is filtered", async () => {
    const ids: number[] = [];
    for (let n = 0; n < 5; n += 1) ids.push((await begin(EVE)).id);
    const seen: number[] = [];
    for (let cursor = ""; ; ) {
      const page = await ask(ConversationPage, `GET /conversations?limit=2${cursor}`, EVE);
      seen.push(...page.conversations.map(({ id }) => id));
      if (page.next_before === null) break;
      cursor = `&before=${page.next_before}`;
    }
    expect(seen).toEqual(ids.toReversed());
    await change(BEN, ids[0] ?? 0, { assignee_id: 2, status: "pending" });
    const find = async (query: string) =>
      (await ask(ConversationPage, `GET /conversations?${query}`, BEN)).conversations.map(({ id }) => id);
    expect(await find("status=pending&assignee=me")).toEqual([ids[0]]);
    expect(await find("status=pending&assignee=2")).toEqual([ids[0]]);
    expect(await find("status=pending&assignee=none")).toEqual([]);
    expect(await find("assignee=none&limit=4")).toEqual(ids.slice(1).toReversed());
    expect(await find("mine=true")).toContain(ids[0]);
    expect(await find("mine=true")).not.toContain(ids[1]);
  });

  test("of fifty conversations takes two queries, a page of messages one", async () => {
    await stores.database.pool.query(
      `WITH made AS (
         INSERT INTO conversations (created_by, client_id) SELECT 4, gen_random_uuid() FROM generate_series(1, 50) RETURNING id)
       INSERT INTO conversation_participants (conversation_id, user_id, role) SELECT id, 4, 'customer' FROM made`,
    );
    let queries = 0;
    const db = parts.db.withPlugin({
      transformQuery: ({ node }) => {
        queries += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const counted = await testApi({ ...stores, database: { ...stores.database, db } });
    const { id } = await begin(DAVE);
    await world.store(await say(DAVE, id, "hello"));
    await counted.call("GET /users/me", DAVE); // from here on the user is known for 2 s
    queries = 0;
    expect(Object((await counted.call("GET /conversations?limit=50", DAVE)).body).conversations).toHaveLength(50);
    expect(queries).toBe(2);
    queries = 0;
    expect(Object((await counted.call(`GET /conversations/${id}/messages`, DAVE)).body).messages).toHaveLength(1);
    expect(queries).toBe(1);
  });

  test.each([
    "limit=0",
    "limit=101",
    "limit=abc",
    "limit=1&limit=2",
    "status=closed",
    "status=open&status=open",
    "assignee=you",
    `before=${Buffer.from("2026-02-30T10:00:00.000000Z 7").toString("base64url")}`,
    "assignee=0",
    "unread=1",
    "mine=yes",
    "before=abc",
    "before=",
    `before=${Buffer.from("2026-13-99T00:00:00.000000Z 1").toString("base64url")}`,
    `before=${Buffer.from("2026-01-01T00:00:00.000000Z 0").toString("base64url")}`,
  ])("?%s is 400", async (query) => {
    expect((await call(`GET /conversations?${query}`, BEN)).status).toBe(400);
  });

  test("of all is for agents alone", async () => {
    expect(codeOf(await call("GET /conversations?mine=false", ANN))).toBe("forbidden");
  });
});

describe("a change", () => {
  test("answers how it is then, and tells lists of what changed", async () => {
    const { id } = await begin(ANN);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const body = { title: "Refund", status: "snoozed", snoozed_until: until, priority: "high", labels: ["a"] };
    const heard = await heardOn([keys.inbox(1)], 1, () => change(BEN, id, body));
    const forAnn = { title: "Refund", status: "snoozed", snoozed_until: null, priority: "normal", labels: [], version: 2 };
    expect(heard).toEqual([{ type: "inbox", conversation: expect.objectContaining(forAnn) }]);
    expect([await read(ANN, id), await read(BEN, id)]).toMatchObject([forAnn, { ...body, version: 2 }]);
    expect((await change(BEN, id, body)).body).toMatchObject({ version: 2 });
    expect((await change(BEN, id, { status: "open" })).body).toMatchObject({ version: 3, snoozed_until: null });
  });

  test("to an assignee makes them a participant and silences the bot at once", async () => {
    const { id } = await begin(ANN);
    await say(ANN, id, "hello");
    expect(await sayAsBot(id)).toMatchObject({ kind: "accepted" });
    const answer = await change(BEN, id, { assignee_id: 3, is_bot_on: true });
    expect(answer.body).toMatchObject({ assignee_id: 3, is_bot_on: false, participants: [{}, {}, { user_id: 3, role: "admin" }] });
    expect(await sayAsBot(id)).toMatchObject({ kind: "refused", code: "bot_off" });
    const { events } = await readHistoryPage(redis, conversationRoom(id), {});
    expect(JSON.parse(events.at(-1)?.body ?? "")).toMatchObject({
      type: "member",
      user_id: 3,
      username: "user3",
      role: "admin",
      joined: true,
    });
    expect((await readRoom(redis, conversationRoom(id)))?.policy).toMatchObject({ version: 2, isBotOn: false });
    const again = await change(BEN, id, { assignee_id: 3, is_bot_on: true }); // who it is already
    expect(again.body).toMatchObject({ is_bot_on: false });
  });

  test("of labels and priority is told to agents alone", async () => {
    const { id } = await begin(ANN);
    const inboxes = [keys.inbox(1), keys.agentsInbox];
    const [own, staff] = await heardOn(inboxes, 2, () => change(BEN, id, { labels: ["difficult"], priority: "low" })).then((heard) =>
      heard.map((text) => JSON.stringify(text)).sort((a, b) => a.length - b.length),
    );
    expect([own?.includes("difficult"), staff?.includes("difficult")]).toEqual([false, true]);
    for (const path of [`/conversations/${id}`, "/conversations?limit=1"]) {
      expect((await call(`GET ${path}`, ANN)).text).not.toMatch(/difficult|"low"/);
      expect((await call(`GET ${path}`, BEN)).text).toMatch(/"priority":"low","labels":\["difficult"\]/);
    }
  });

  test("by a participant may only be that the bot is silent", async () => {
    const { id } = await begin(ANN);
    expect(codeOf(await change(ANN, id, { is_bot_on: false, title: "x" }))).toBe("forbidden");
    expect(codeOf(await change(ANN, id, { is_bot_on: true }))).toBe("forbidden");
    expect((await change(ANN, id, { is_bot_on: false })).body).toMatchObject({ is_bot_on: false });
    expect(await sayAsBot(id)).toMatchObject({ code: "bot_off" });
    expect((await change(BEN, id, { is_bot_on: true })).body).toMatchObject({ is_bot_on: true });
  });

  test.each([
    ["nothing", {}, "bad_request"],
    ["an unknown field", { id: 7 }, "bad_request"],
    ["a status that is none", { status: "closed" }, "bad_request"],
    ["sleep without an end", { status: "snoozed" }, "bad_request"],
    ["an end of sleep that is past", { status: "snoozed", snoozed_until: "2020-01-01T00:00:00Z" }, "bad_request"],
    ["an end of sleep that is no time", { status: "snoozed", snoozed_until: "tomorrow" }, "bad_request"],
    ["an end of sleep of what is awake", { snoozed_until: new Date(Date.now() + 60_000).toISOString() }, "bad_request"],
    ["a customer as assignee", { assignee_id: 1 }, "bad_id"],
    ["an assignee who is not there", { assignee_id: NOTHING }, "bad_id"],
    ["a blank title", { title: " " }, "bad_request"],
    ["a label of two lines of nothing", { labels: ["\n"] }, "bad_request"],
    ["21 labels", { labels: Array.from({ length: 21 }, (_, n) => `l${n}`) }, "bad_request"],
  ])("is not made by %s", async (_what, body, code) => {
    const { id } = await begin(ANN);
    const answer = await change(BEN, id, body);
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({ status: 400, code });
    expect((await read(ANN, id)).version).toBe(1);
  });

  test("to a bot where there is none is a conflict", async () => {
    const plain = await testApi(stores);
    const { id } = await begin(BEN);
    const answer = await plain.call(`PATCH /conversations/${id}`, { ...BEN, body: { is_bot_on: true } });
    expect({ status: answer.status, code: codeOf(answer) }).toEqual({ status: 409, code: "conflict" });
  });
});

describe("participants", () => {
  const add = (by: typeof ANN, id: number, userId: unknown) =>
    call(`POST /conversations/${id}/participants`, { ...by, body: { user_id: userId } });
  const remove = (by: typeof ANN, id: number, userId: number) => call(`DELETE /conversations/${id}/participants/${userId}`, by);

  test("come, may write at once, go, and may not any more", async () => {
    const { id } = await begin(ANN);
    await say(ANN, id, "hello");
    const list = await ask(ParticipantList, `POST /conversations/${id}/participants`, { ...BEN, body: { user_id: 4 } });
    expect(list.participants.map((one) => one.user_id)).toEqual([1, BOT_ID, 4]);
    await say(DAVE, id, "hello, too");
    const heard = await heardOn([keys.inbox(4), keys.inbox(1)], 2, () => remove(BEN, id, 4));
    expect(heard).toEqual(
      expect.arrayContaining([
        { type: "inbox_removed", conversation_id: id },
        { type: "inbox", conversation: expect.objectContaining({ id }) },
      ]),
    );
    const refused = await call(`POST /conversations/${id}/messages`, { ...DAVE, body: { client_id: crypto.randomUUID(), message: "x" } });
    expect(refused.status).toBe(404);
    expect((await readRoom(redis, conversationRoom(id)))?.policy).toMatchObject({ kind: "conversation", version: 3 });
    const { events } = await readHistoryPage(redis, conversationRoom(id), {});
    const members = events.filter(({ kind }) => kind === "u").map(({ body }) => JSON.parse(body));
    expect(members).toMatchObject([
      { user_id: 4, joined: true },
      { user_id: 4, joined: false },
    ]);
    expect((await remove(BEN, id, 4)).status).toBe(204);
  });

  test("who leave see it no more, also not by beginning it again", async () => {
    const body = { client_id: crypto.randomUUID() };
    const { id } = await ask(Conversation, "POST /conversations", { ...ANN, body });
    expect((await remove(ANN, id, 1)).status).toBe(204);
    expect((await call("POST /conversations", { ...ANN, body })).status).toBe(404);
    expect((await call(`GET /conversations/${id}`, ANN)).status).toBe(404);
    expect((await remove(ANN, id, 1)).status).toBe(404);
  });

  test("are users that there are", async () => {
    const { id } = await begin(ANN);
    expect(codeOf(await add(BEN, id, NOTHING))).toBe("bad_id");
    for (const nobody of ["1", 0, -1, 1.5, null, 2 ** 60]) expect((await add(BEN, id, nobody)).status).toBe(400);
    expect((await remove(BEN, id, NOTHING)).status).toBe(404);
    expect((await remove(BEN, id, 4)).status).toBe(404);
  });
});

describe("an agent who writes by a socket", () => {
  const privateServer = buildPrivateServer({ ...parts, restorer: world.restorer, metrics: new Metrics("test"), notReady: async () => [] });
  afterAll(() => privateServer.close());
  const join = async (id: number | string, userId: unknown) =>
    (await privateServer.inject({ method: "POST", url: `/internal/conversations/${id}/join`, payload: { user_id: userId } })).statusCode;

  test("becomes a participant by the private port; others do not", async () => {
    const { id } = await begin(ANN);
    expect(await join(id, 4)).toBe(404);
    expect(await join(id, NOTHING)).toBe(404);
    expect(await join(NOTHING, 2)).toBe(404);
    expect(await join("x", 2)).toBe(404);
    expect(await join(id, "2")).toBe(400);
    expect(membersOf(await read(ANN, id))).toEqual([1, BOT_ID]);
    expect([await join(id, 2), await join(id, 2)]).toEqual([204, 204]);
    expect(await read(ANN, id)).toMatchObject({ is_bot_on: false, participants: [{}, {}, { user_id: 2, role: "agent" }] });
  });
});

test("a change stands although Redis is away, and its job is there to tell Redis", async () => {
  const own = await testStores();
  const lonely = await conversationWorld(own);
  await lonely.call("GET /users/me", BEN);
  const { id } = await lonely.begin(ANN);
  await own.redisServer.kill();
  const answer = await lonely.call(`PATCH /conversations/${id}`, { ...BEN, body: { assignee_id: 2 } });
  expect({ status: answer.status, body: answer.body }).toMatchObject({ status: 200, body: { assignee_id: 2, is_bot_on: false } });
  const { rows } = await own.database.pool.query("SELECT key FROM graphile_worker.jobs WHERE task_identifier = 'apply_membership'");
  expect(rows).toEqual([{ key: `apply_membership:${id}` }]);
});
