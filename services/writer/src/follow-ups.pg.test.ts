/** What stored messages set off: jobs and webhook events, in the transaction of the messages. */
import { storeBatch } from "@drawchat/db/batch";
import { conversationRoom, notesRoom, partitionOfRoom } from "@drawchat/protocol/ids";
import type { LogEntry, LogEvent } from "@drawchat/redis/log";
import { addConversation } from "@drawchat/testkit/conversations";
import { testDatabase } from "@drawchat/testkit/postgres";
import { beforeEach, expect, test } from "vitest";
import { toBatch } from "./rows.ts";

const { db, pool } = await testDatabase();
const BOT = 70;
const both = { hasBot: true, tellsWebhook: true };

beforeEach(async () => {
  await pool.query("TRUNCATE webhook_events");
  await pool.query("DELETE FROM graphile_worker._private_jobs");
});

interface Said {
  conversationId: number;
  userId?: number;
  role?: string;
  text?: string;
  isNote?: boolean;
  /** Edits or deletes this message. */
  edits?: number;
  deletes?: number;
}

let lastId = 64_000;
function event(said: Said): LogEvent {
  const { conversationId, userId = 1, role = "customer", text = "hello", isNote = false, edits, deletes } = said;
  lastId += 64;
  const id = lastId + (conversationId % 64);
  const message = {
    id: edits ?? id,
    conversation_id: conversationId,
    user_id: userId,
    username: `user ${userId}`,
    profile_pic: null,
    role,
    message: text,
    message_type: isNote ? "note" : "text",
    attachment: null,
  };
  const bodies = {
    m: { type: "new_message", message },
    e: { type: "edit", id, message },
    d: { type: "delete", id, message_id: deletes },
  };
  const kind = edits === undefined ? (deletes === undefined ? "m" : "d") : "e";
  const room = isNote ? notesRoom(conversationId) : conversationRoom(conversationId);
  return { id, room, kind, flags: 0, userId, clientId: crypto.randomUUID(), body: Buffer.from(JSON.stringify(bodies[kind])) };
}

function store(events: LogEvent[], followUps = both) {
  const [first] = events;
  if (first === undefined) throw new Error("nothing to store");
  const entry: LogEntry = {
    streamId: `${first.id}-0`,
    firstId: first.id,
    nonce: "",
    rooms: [first.room],
    events,
    likes: [],
    reads: [],
    unreadable: [],
  };
  return storeBatch(pool, toBatch(partitionOfRoom(first.room), [entry]), followUps);
}

async function jobs() {
  const { rows } = await pool.query<{ name: string; payload: unknown; max_attempts: number }>(
    `SELECT t.identifier AS name, j.payload, j.max_attempts
     FROM graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id ORDER BY j.id`,
  );
  return rows;
}

const told = async () => (await db.selectFrom("webhook_events").select("type").orderBy("id").execute()).map(({ type }) => type);

test("a customer's message where the bot is on asks the bot once; nobody else's does, nor a note", async () => {
  const id = await addConversation(db, { members: [{ userId: 1 }, { userId: 2, role: "agent" }, { userId: BOT, role: "bot" }] });
  const question = event({ conversationId: id });
  const events = [
    question,
    event({ conversationId: id, userId: 2, role: "agent" }),
    event({ conversationId: id, userId: BOT, role: "bot" }),
    event({ conversationId: id, userId: 2, role: "agent", isNote: true }),
    event({ conversationId: id, edits: question.id, text: "hullo" }),
  ];
  const onlyBot = { hasBot: true, tellsWebhook: false };
  await store(events, onlyBot);
  const asked = [{ name: "bot_reply", payload: { conversation_id: id, message_id: question.id }, max_attempts: 10 }];
  expect(await jobs()).toEqual(asked);
  await pool.query("DELETE FROM graphile_worker._private_jobs");
  await store(events, onlyBot); // the same batch once more
  expect([await jobs(), await told()]).toEqual([[], []]);
});

test("where the bot is off, or there is none, nobody asks it", async () => {
  const off = await addConversation(db, { members: [{ userId: 1 }, { userId: BOT, role: "bot" }], isBotOn: false });
  await store([event({ conversationId: off })], { hasBot: true, tellsWebhook: false });
  const on = await addConversation(db, { members: [{ userId: 1 }, { userId: BOT, role: "bot" }] });
  await store([event({ conversationId: on })], { hasBot: false, tellsWebhook: false });
  expect(await jobs()).toEqual([]);
});

test("messages, edits and deletes that changed a row are told, in their order, each once", async () => {
  const id = await addConversation(db);
  const first = event({ conversationId: id });
  const edit = event({ conversationId: id, edits: first.id, text: "hullo" });
  const removal = event({ conversationId: id, deletes: first.id });
  const late = event({ conversationId: id, edits: first.id, text: "too late" });
  await store([first]);
  await store([edit]);
  await store([removal, late]);
  await store([first, edit]);
  expect(await told()).toEqual(["message.created", "message.edited", "message.deleted"]);
  expect((await jobs()).map(({ name }) => name)).toEqual(["deliver_webhooks"]);
});

test("a customer's message that opens a conversation again tells that, before the message", async () => {
  const id = await addConversation(db);
  await db.updateTable("conversations").set({ status: "resolved" }).where("id", "=", id).execute();
  await store([event({ conversationId: id }), event({ conversationId: id })]);
  await store([event({ conversationId: id })]);
  expect(await told()).toEqual(["conversation.updated", "message.created", "message.created", "message.created"]);
  const [first] = await db.selectFrom("webhook_events").select("payload").orderBy("id").execute();
  expect(first?.payload).toMatchObject({ conversation: { id, status: "open", version: 2 } });
});

test("a message that Postgres refuses sets off nothing", async () => {
  const id = await addConversation(db, { members: [{ userId: 1 }, { userId: BOT, role: "bot" }] });
  const stored = await store([event({ conversationId: id, text: "\0" }), event({ conversationId: id })]);
  expect(stored?.deadLetters).toHaveLength(1);
  expect((await jobs()).map(({ name }) => name)).toEqual(["bot_reply", "deliver_webhooks"]);
  expect(await told()).toEqual(["message.created"]);
});
