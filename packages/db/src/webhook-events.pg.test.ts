import { conversationRoom, notesRoom } from "@drawchat/protocol/ids";
import { addConversation, addUsers } from "@drawchat/testkit/conversations";
import { testDatabase } from "@drawchat/testkit/postgres";
import { beforeEach, expect, test } from "vitest";
import type { Origin } from "./batch-rows.ts";
import { inTransaction } from "./transaction.ts";
import { type ConversationChangeEvent, recordConversationEvent, recordMessageEvents, recordReopened } from "./webhook-events.ts";

const { db, pool } = await testDatabase();

beforeEach(async () => {
  await pool.query("TRUNCATE webhook_events");
  await pool.query("DELETE FROM graphile_worker._private_jobs");
});

function recorded() {
  return db.selectFrom("webhook_events").select(["conversation_id", "type", "payload", "event_key"]).orderBy("id").execute();
}

async function waitingJobs() {
  const { rows } = await pool.query<{ key: string }>("SELECT key FROM graphile_worker.jobs ORDER BY key");
  return rows.map(({ key }) => key);
}

const record = (event: ConversationChangeEvent) => db.transaction().execute((trx) => recordConversationEvent(trx, event));

function said(conversationId: number, { id = 1_000, kind = "m", text = "hello", isNote = false } = {}): Origin {
  const message = { id, conversation_id: conversationId, message: text };
  const body = kind === "d" ? { type: "delete", id, message_id: 900 } : { type: kind === "m" ? "new_message" : "edit", id, message };
  const room = isNote ? notesRoom(conversationId) : conversationRoom(conversationId);
  return { id, room, kind, userId: 1, clientId: crypto.randomUUID(), body: Buffer.from(JSON.stringify(body)) };
}

test("a new conversation is recorded as its row is, with who is in it", async () => {
  const id = await addConversation(db, { members: [{ userId: 1 }, { userId: 2, role: "agent" }] });
  await record({ type: "conversation.created", conversationId: id });
  const [event] = await recorded();
  const row = await db.selectFrom("conversations").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  expect(event).toMatchObject({ conversation_id: id, type: "conversation.created" });
  expect(event?.payload).toEqual({
    conversation: {
      id,
      version: 1,
      title: null,
      status: "open",
      snoozed_until: null,
      priority: "normal",
      labels: [],
      assignee_id: null,
      is_bot_on: false,
      created_by: 1,
      created_at: row.created_at.toISOString(),
      last_activity_at: row.last_activity_at.toISOString(),
      participants: [
        { user_id: 1, username: "user 1", role: "customer" },
        { user_id: 2, username: "user 2", role: "agent" },
      ],
    },
  });
  expect(await waitingJobs()).toEqual([`deliver_webhooks:${id}`]);
});

test("a change is recorded once a version, however often it is recorded", async () => {
  const id = await addConversation(db);
  await record({ type: "conversation.updated", conversationId: id });
  await record({ type: "conversation.updated", conversationId: id });
  await db.updateTable("conversations").set({ version: 2, status: "resolved" }).where("id", "=", id).execute();
  await inTransaction(pool, (client) => recordReopened(client, [id]));
  expect((await recorded()).map(({ event_key }) => event_key)).toEqual([`conversation.updated ${id} 1`, `conversation.updated ${id} 2`]);
  expect(await waitingJobs()).toEqual([`deliver_webhooks:${id}`]);
});

test("who comes and goes is recorded with name and role, each time anew", async () => {
  const id = await addConversation(db, { members: [{ userId: 1 }, { userId: 3, role: "agent" }] });
  await record({ type: "participant.joined", conversationId: id, userId: 3 });
  await db.updateTable("conversations").set({ policy_version: 2 }).where("id", "=", id).execute();
  await record({ type: "participant.left", conversationId: id, userId: 3 });
  await db.updateTable("conversations").set({ policy_version: 3 }).where("id", "=", id).execute();
  await record({ type: "participant.joined", conversationId: id, userId: 3 });
  expect((await recorded()).map(({ type, payload }) => [type, payload])).toEqual(
    ["participant.joined", "participant.left", "participant.joined"].map((type) => [
      type,
      { user_id: 3, username: "user 3", role: "agent" },
    ]),
  );
});

test("a change that is rolled back tells nothing", async () => {
  const id = await addConversation(db);
  const failing = db.transaction().execute(async (trx) => {
    await recordConversationEvent(trx, { type: "conversation.updated", conversationId: id });
    throw new Error("rolled back");
  });
  await expect(failing).rejects.toThrow("rolled back");
  expect([await recorded(), await waitingJobs()]).toEqual([[], []]);
});

test("messages, edits and deletes of a batch are recorded in their order, notes and read marks are not", async () => {
  await addUsers(db, [{ userId: 1 }]);
  const [a, b] = [await addConversation(db), await addConversation(db)];
  const written = [
    said(a, { id: 1_003, kind: "d" }),
    said(a, { id: 1_001 }),
    said(b, { id: 1_004 }),
    said(a, { id: 1_002, kind: "e", text: "hullo" }),
    said(a, { id: 1_005, isNote: true }),
    said(a, { id: 1_006, kind: "u" }),
    { ...said(a, { id: 1_007 }), room: "s1" as const },
  ];
  for (let repeat = 0; repeat < 2; repeat += 1) await inTransaction(pool, (client) => recordMessageEvents(client, written));
  expect((await recorded()).map(({ conversation_id, type, payload }) => [conversation_id, type, payload])).toEqual([
    [a, "message.created", { message: { id: 1_001, conversation_id: a, message: "hello" } }],
    [a, "message.edited", { message: { id: 1_002, conversation_id: a, message: "hullo" } }],
    [a, "message.deleted", { message_id: 900 }],
    [b, "message.created", { message: { id: 1_004, conversation_id: b, message: "hello" } }],
  ]);
  expect(await waitingJobs()).toEqual([`deliver_webhooks:${a}`, `deliver_webhooks:${b}`]);
});

test("half a surrogate pair in a name keeps no batch from being stored", async () => {
  const id = await addConversation(db);
  const body = Buffer.from(`{"type":"new_message","message":{"id":5,"username":"\\ud83d"}}`);
  await inTransaction(pool, (client) => recordMessageEvents(client, [{ ...said(id), body }]));
  expect(await recorded()).toMatchObject([{ payload: { message: { id: 5, username: "\ufffd" } } }]);
});
