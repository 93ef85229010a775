/** One turn of the bot, on a real Redis and a real Postgres; the writer's and the api's parts are played by the test. */

import { handOff } from "@drawchat/db/conversation-handoff";
import { findMembership } from "@drawchat/db/membership";
import type { NewConversationMessageRow } from "@drawchat/db/tables";
import { WORK, withWorkLock } from "@drawchat/db/work-lock";
import { conversationRoom, firstIdOfMs, partitionOfRoom, roomNumber } from "@drawchat/protocol/ids";
import { Acceptor, type AcceptorOptions } from "@drawchat/redis/accept";
import { commandClient } from "@drawchat/redis/connect";
import { readLog } from "@drawchat/redis/log";
import { restoreRoom } from "@drawchat/redis/restore";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { addConversation } from "@drawchat/testkit/conversations";
import { testDatabase } from "@drawchat/testkit/postgres";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { type BotOutcome, type BotParts, replyAsBot } from "./bot-reply.ts";
import { tellChanged } from "./conversation-changed.ts";

const BOT = 70;
const CUSTOMER = 1;
const AGENT = 2;
const log = createLog("test", "silent");
const { db, pool } = await testDatabase();
const server = await testRedis();
const redis = commandClient(server.url, "test", log);
await redis.connect();
afterAll(() => redis.disconnect());

/** As the api does it, without history. */
const restore: AcceptorOptions["restoreRoom"] = async (room) => {
  const membership = await findMembership(db, roomNumber(room));
  if (membership === undefined) return "unknown";
  const policy = { kind: "conversation" as const, ...membership };
  await restoreRoom(redis, { room, policy, upto: membership.lastEventId, events: [], after: 0, likes: new Map(), logFirstEntry: "" });
  return "restored";
};
const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 1 }, restoreRoom: restore });

const outcomes: BotOutcome[] = [];
const questions: string[] = [];
const parts: BotParts = {
  db,
  pool,
  acceptor,
  botUserId: BOT,
  think: async ({ message, isFirst }, questionId) => {
    questions.push(questionId);
    return { reply: `${isFirst ? "hello; " : ""}you said ${message.message}`, handsOff: message.message === "human" };
  },
  handOff: async (id) => {
    const changed = await handOff(db, { id, tellsWebhook: true });
    if (changed !== "unknown") await tellChanged({ db, redis }, [changed]);
  },
  onOutcome: (outcome) => outcomes.push(outcome),
};

let conversation: number;
beforeEach(async () => {
  await flushAll(redis);
  await pool.query("DELETE FROM graphile_worker._private_jobs");
  outcomes.length = 0;
  questions.length = 0;
  const members = [{ userId: CUSTOMER }, { userId: AGENT, role: "agent" as const }, { userId: BOT, role: "bot" as const }];
  conversation = await addConversation(db, { members });
});

let lastId = firstIdOfMs(Date.now());
/** A customer's message as the writer leaves it, or as told; resolves with its id. */
async function stored(message: string, columns: Partial<NewConversationMessageRow> = {}): Promise<number> {
  lastId += 64;
  const row: NewConversationMessageRow = {
    id: lastId,
    conversation_id: conversation,
    is_note: false,
    user_id: CUSTOMER,
    client_id: crypto.randomUUID(),
    username: "somebody",
    profile_pic: null,
    role: "customer",
    message,
    attachment: null,
    created_at: new Date(),
    edited_at: null,
    deleted_at: null,
    last_event_id: lastId,
    ...columns,
  };
  await db.insertInto("conversation_messages").values(row).execute();
  return row.id;
}

const turn = (messageId: number, more: Partial<BotParts> = {}) =>
  replyAsBot({ ...parts, ...more }, { conversation_id: conversation, message_id: messageId });

/** What was accepted in the conversation and waits for the writer. */
async function accepted() {
  const room = conversationRoom(conversation);
  const entries = await readLog(redis, partitionOfRoom(room), 500);
  return entries.flatMap(({ events }) => events).map(({ body, ...event }) => ({ ...event, message: JSON.parse(body.toString()).message }));
}

const row = () => db.selectFrom("conversations").selectAll().where("id", "=", conversation).executeTakeFirstOrThrow();

test("a customer's message is answered as the bot, in the form of the protocol", async () => {
  await turn(await stored("hi"));
  const [{ id, message } = { id: 0, message: {} }] = await accepted();
  expect(JSON.stringify(message)).toBe(
    `{"id":${id},"conversation_id":${conversation},"user_id":${BOT},"username":"user ${BOT}","profile_pic":null,"role":"bot",` +
      `"message":"hello; you said hi","message_type":"text","attachment":null,"created_at":"${message.created_at}","edited_at":null,"deleted_at":null}`,
  );
  expect(outcomes).toEqual(["answered"]);
});

test("a job that runs twice answers once, and each message has an answer of its own", async () => {
  const [first, second] = [await stored("one"), await stored("two")];
  for (const id of [first, second, first, second]) await turn(id);
  expect((await accepted()).map(({ message }) => message.message)).toEqual(["hello; you said one", "you said two"]);
  expect(new Set(questions).size).toBe(2); // a repeated question is known by its id
});

test("an answer that is stored is not said again by a Redis that lost its memory", async () => {
  const id = await stored("one");
  await turn(id);
  const [{ clientId } = { clientId: "" }] = await accepted();
  await stored("hello; you said one", { user_id: BOT, role: "bot", client_id: clientId });
  await flushAll(redis);
  await turn(id);
  expect(await accepted()).toEqual([]);
});

test("it answers no bot, no agent, not itself, no note and nothing deleted", async () => {
  const ids = [
    await stored("beep", { user_id: 71, role: "bot" }),
    await stored("mine", { user_id: BOT, role: "bot" }),
    await stored("as a customer", { user_id: BOT }),
    await stored("agents", { user_id: AGENT, role: "agent" }),
    await stored("admins", { user_id: 3, role: "admin" }),
    await stored("note", { is_note: true }),
    await stored("", { deleted_at: new Date() }),
    7, // never stored
  ];
  for (const id of ids) await turn(id);
  expect([await accepted(), questions, new Set(outcomes)]).toEqual([[], [], new Set(["silent"])]);
});

test("a question of yesterday is answered no more", async () => {
  await turn(await stored("anybody?", { id: firstIdOfMs(Date.now() - 86_400_000) }));
  expect([outcomes, questions]).toEqual([["silent"], []]);
});

test("a message that an agent has answered is answered no more, one behind the agent's is", async () => {
  const before = await stored("before");
  await stored("agent here", { user_id: AGENT, role: "agent" });
  await stored("a note is no answer", { user_id: AGENT, role: "agent", is_note: true });
  const behind = await stored("behind");
  await turn(before);
  await turn(behind);
  expect((await accepted()).map(({ message }) => message.message)).toEqual(["you said behind"]);
});

test("asking for a person: answered, then the bot is off, the conversation open, and Redis and the jobs know", async () => {
  const heard: string[] = [];
  const subscriber = new Subscriber(server.url, "test", log);
  await subscriber.connect();
  await subscriber.subscribe(`dc:{u}:inbox:${CUSTOMER}`, { onMessage: (bytes) => heard.push(bytes.toString("utf8")) });
  await db.updateTable("conversations").set({ status: "pending" }).where("id", "=", conversation).execute();
  const id = await stored("human");
  await turn(id);
  expect((await accepted()).map(({ message }) => message.message)).toEqual(["hello; you said human"]);
  expect(await row()).toMatchObject({ is_bot_on: false, status: "open", version: 2, policy_version: 2 });
  const { rows } = await pool.query<{ key: string }>("SELECT key FROM graphile_worker.jobs ORDER BY key");
  expect(rows.map(({ key }) => key)).toEqual([`apply_membership:${conversation}`, `deliver_webhooks:${conversation}`]);
  const more = { room: conversationRoom(conversation), kind: "m" as const, userId: BOT, clientId: crypto.randomUUID() };
  expect(await acceptor.submit({ ...more, parts: ["", "", ""] })).toEqual({ kind: "refused", code: "bot_off" });
  await expect.poll(() => heard.map((text) => JSON.parse(text))).toMatchObject([{ type: "inbox", conversation: { is_bot_on: false } }]);
  await turn(id);
  await turn(await stored("are you there?"));
  expect(outcomes).toEqual(["handed_off", "silent", "silent"]);
  subscriber.disconnect();
});

test("a process that died between answer and hand-off hands off when it runs again, and says nothing more", async () => {
  const id = await stored("human");
  await expect(turn(id, { handOff: () => Promise.reject(new Error("killed")) })).rejects.toThrow("killed");
  expect((await row()).is_bot_on).toBe(true);
  await turn(id);
  expect([(await accepted()).length, (await row()).is_bot_on]).toEqual([1, false]);
});

test("an agent who takes over while the bot thinks silences it", async () => {
  const [first, second] = [await stored("one"), await stored("two")];
  const think: BotParts["think"] = async () => {
    await parts.handOff(conversation);
    return { reply: "too late", handsOff: false };
  };
  await turn(first); // Redis knows the conversation from then on
  await turn(second, { think });
  expect(outcomes).toEqual(["answered", "silenced"]);
  expect((await accepted()).map(({ message }) => message.message)).toEqual(["hello; you said one"]);
});

test("a bot that is no participant, or was deactivated, says nothing, and nobody is alarmed", async () => {
  const id = await stored("one");
  await db.updateTable("users").set({ is_active: false }).where("id", "=", BOT).execute();
  await turn(id);
  await db.updateTable("users").set({ is_active: true }).where("id", "=", BOT).execute();
  await db.deleteFrom("conversation_participants").where("user_id", "=", BOT).where("conversation_id", "=", conversation).execute();
  await turn(id);
  expect([outcomes, await accepted()]).toEqual([["silenced", "silenced"], []]);
});

test("an answer that could not be had or sent fails the job, which is run again", async () => {
  const id = await stored("one");
  await expect(turn(id, { think: () => Promise.reject(new Error("it answered 500")) })).rejects.toThrow("it answered 500");
  const away = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unavailable" });
  await expect(turn(id, { acceptor: away })).rejects.toThrow("the bot's answer was refused: unavailable");
  expect([await accepted(), outcomes]).toEqual([[], []]);
  await expect(replyAsBot(parts, { conversation_id: conversation })).rejects.toThrow("the job needs a message_id");
});

test("while another process answers in the conversation, the job comes again a second later", async () => {
  const id = await stored("one");
  await withWorkLock(pool, { work: WORK.bot, conversationId: conversation }, () => turn(id));
  const { rows } = await pool.query<{ key: string; isLater: boolean }>(`SELECT key, run_at > now() AS "isLater" FROM graphile_worker.jobs`);
  expect([rows, questions]).toEqual([[{ key: `bot_reply:${id}`, isLater: true }], []]);
  await turn(id);
  expect(outcomes).toEqual(["answered"]);
});
