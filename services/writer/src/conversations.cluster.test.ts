import { storeBatch } from "@drawchat/db/batch";
import { type InboxFrame, NewConversationMessageEvent, type UserRole } from "@drawchat/protocol/conversations";
import { conversationRoom, notesRoom, partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import { keys } from "@drawchat/redis/keys";
import { restoreRoom } from "@drawchat/redis/restore";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { testDatabase } from "@drawchat/testkit/postgres";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createStage, readEntries, storeNext } from "../test/stage.ts";
import { toBatch } from "./rows.ts";

const server = await testRedis();
const database = await testDatabase();
const stage = await createStage(server.url, database);
const { redis, acceptor } = stage;
const { db, pool } = database;
const subscriber = new Subscriber(server.url, "test", createLog("test", "silent"));
await subscriber.connect();
afterAll(async () => {
  subscriber.disconnect();
  await stage.close();
});

const [CUSTOMER, AGENT, OTHER] = [1, 2, 3];
const roleOf = (userId: number): UserRole => (userId === AGENT ? "agent" : "customer");
let id = 0;
let room: RoomName;

beforeAll(async () => {
  for (const user of [CUSTOMER, AGENT, OTHER]) {
    const row = { id: user, username: `user${user}`, role: roleOf(user), profile_pic: null, last_seen_at: null };
    await db.insertInto("users").values(row).execute();
  }
});

beforeEach(async () => {
  await flushAll(redis);
  const made = {
    created_by: CUSTOMER,
    client_id: crypto.randomUUID(),
    title: null,
    snoozed_until: null,
    assignee_id: null,
    last_message_id: null,
  };
  ({ id } = await db.insertInto("conversations").values(made).returning("id").executeTakeFirstOrThrow());
  const participants = [CUSTOMER, AGENT].map((user_id) => ({ conversation_id: id, user_id, role: roleOf(user_id), left_at: null }));
  await db.insertInto("conversation_participants").values(participants).execute();
  room = conversationRoom(id);
  const members = new Map(participants.map(({ user_id, role }) => [user_id, { role, readUpto: 0 }]));
  for (const name of [room, notesRoom(id)]) {
    const policy = { kind: "conversation", version: 1, isBotOn: false, members } as const;
    await restoreRoom(redis, { room: name, policy, upto: 0, events: [], after: 0, likes: new Map(), logFirstEntry: "" });
  }
});

interface Said {
  clientId?: string;
  in?: RoomName;
  attachment?: object;
}

async function say(
  userId: number,
  message: string,
  { clientId = crypto.randomUUID(), in: target = room, attachment }: Said = {},
): Promise<number> {
  const fields = { conversation_id: id, user_id: userId, username: `user${userId}`, profile_pic: null, role: roleOf(userId), message };
  const type = { message_type: target === room ? "text" : "note", attachment: attachment ?? null };
  const parts = [
    '{"type":"new_message","message":{"id":',
    `,${JSON.stringify({ ...fields, ...type }).slice(1, -1)},"created_at":"`,
    '","edited_at":null,"deleted_at":null}}',
  ] as const;
  const isStaff = roleOf(userId) === "agent";
  const outcome = await acceptor.submit({ room: target, kind: "m", userId, clientId, parts, isStaff });
  if (outcome.kind !== "accepted") throw new Error(JSON.stringify(outcome));
  return outcome.id;
}

async function change(kind: "e" | "d", messageId: number, message = ""): Promise<number> {
  const parts =
    kind === "d"
      ? (['{"type":"delete","id":', `,"message_id":${messageId}}`, ""] as const)
      : (['{"type":"edit","id":', `,"message":{"id":${messageId},"message":${JSON.stringify(message)},"edited_at":"`, '"}}'] as const);
  const outcome = await acceptor.submit({ room, kind, userId: CUSTOMER, clientId: crypto.randomUUID(), parts, v2Only: true });
  if (outcome.kind !== "accepted") throw new Error(JSON.stringify(outcome));
  return outcome.id;
}

const store = () => storeNext(stage, room);
const messages = () => db.selectFrom("conversation_messages").selectAll().where("conversation_id", "=", id).orderBy("id").execute();
const conversation = () => db.selectFrom("conversations").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
const unread = async () => {
  const rows = await db.selectFrom("conversation_participants").selectAll().where("conversation_id", "=", id).orderBy("user_id").execute();
  return rows.map((row) => row.unread_count);
};

test("messages and notes are stored as they were said, and only messages are news to others", async () => {
  const first = await say(CUSTOMER, "hello");
  const note = await say(AGENT, "careful", { in: notesRoom(id) });
  const second = await say(CUSTOMER, "anyone?");
  await store();
  expect((await messages()).map((row) => [row.id, row.message, row.is_note, row.role, row.last_event_id])).toEqual([
    [first, "hello", false, "customer", first],
    [note, "careful", true, "agent", note],
    [second, "anyone?", false, "customer", second],
  ]);
  expect(await conversation()).toMatchObject({ last_message_id: second, last_event_id: second, notes_last_event_id: note });
  expect((await conversation()).last_activity_at.toISOString()).toBe((await messages()).at(-1)?.created_at.toISOString());
  expect(await unread()).toEqual([0, 2]);
});

test("a note changes nothing that a customer's list shows", async () => {
  await say(CUSTOMER, "hello");
  await store();
  const before = await conversation();
  const note = await say(AGENT, "careful", { in: notesRoom(id) });
  await store();
  expect(await conversation()).toEqual({ ...before, notes_last_event_id: note });
});

test("a batch that comes again, or is stored by several writers, counts once", async () => {
  await say(CUSTOMER, "one");
  await change("e", await say(CUSTOMER, "two"), "two!");
  await change("d", await say(CUSTOMER, "three"));
  await acceptor.markRead({ room, userId: AGENT, readUpto: await say(CUSTOMER, "four") });
  await say(CUSTOMER, "five");
  const batch = toBatch(partitionOfRoom(room), await readEntries(redis, room));
  for (let n = 0; n < 3; n++) await storeBatch(pool, batch);
  await store();
  expect((await messages()).map((row) => row.message)).toEqual(["one", "two!", "", "four", "five"]);
  expect(await unread()).toEqual([0, 1]);
});

test("a mark counts what is above it; a tombstone is nothing to be read", async () => {
  const ids = [await say(CUSTOMER, "a"), await say(CUSTOMER, "b"), await say(CUSTOMER, "c"), await say(AGENT, "d")];
  await store();
  expect(await unread()).toEqual([1, 3]);
  await acceptor.markRead({ room, userId: AGENT, readUpto: ids[0] ?? 0 });
  await store();
  expect(await unread()).toEqual([1, 2]);
  await change("d", ids[0] ?? 0); // read already
  await change("d", ids[1] ?? 0);
  await store();
  expect(await unread()).toEqual([1, 1]);
});

test("a deletion takes text and file away, and holds against an edit that came later", async () => {
  const messageId = await say(CUSTOMER, "secret", { attachment: { upload_id: crypto.randomUUID(), name: "a.png" } });
  await change("d", messageId);
  const editedAt = await change("e", messageId, "still here");
  await store();
  expect((await messages())[0]).toMatchObject({ message: "", attachment: null });
  expect((await messages())[0]?.deleted_at).not.toBeNull();
  expect((await conversation()).last_event_id).toBe(editedAt);
});

test("the newest of several edits counts, in one batch and in a later one", async () => {
  const messageId = await say(CUSTOMER, "v1");
  await change("e", messageId, "v2");
  const last = await change("e", messageId, "v3");
  await store();
  expect((await messages())[0]).toMatchObject({ message: "v3", last_event_id: last });
  await change("e", messageId, "v4");
  await store();
  expect((await messages())[0]?.message).toBe("v4");
});

test("a customer's message opens again what was put aside; an agent's does not", async () => {
  for (const [speaker, status] of [
    [AGENT, "resolved"],
    [CUSTOMER, "open"],
  ] as const) {
    await db.updateTable("conversations").set({ status: "resolved" }).where("id", "=", id).execute();
    await say(speaker, "one more thing");
    await store();
    expect((await conversation()).status).toBe(status);
  }
});

test("what is stored already under another id is withdrawn from the screens", async () => {
  const clientId = crypto.randomUUID();
  await say(CUSTOMER, "once", { clientId });
  await store();
  await redis.del(keys.seen(room, 0), keys.seen(room, 1)); // the short memory is lost
  const ghost = await say(CUSTOMER, "once", { clientId });
  await store();
  await store();
  expect(await messages()).toHaveLength(1);
  const history = JSON.stringify(await redis.xrange(keys.history(room), "-", "+"));
  expect(history).toContain(`\\"message_id\\":${ghost}`);
});

test("a message that Postgres refuses stops none of its neighbours", async () => {
  await say(CUSTOMER, "before");
  await say(CUSTOMER, "x".repeat(2_001));
  await say(CUSTOMER, "after");
  await store();
  expect((await messages()).map((row) => row.message)).toEqual(["before", "after"]);
  expect(await db.selectFrom("dead_letters").select("error_code").where("room", "=", room).execute()).toEqual([{ error_code: "23514" }]);
  expect(await unread()).toEqual([0, 2]);
});

test("an upload is in the message that claimed it", async () => {
  const [uploadId, clientId] = [crypto.randomUUID(), crypto.randomUUID()];
  const upload = { id: uploadId, conversation_id: id, user_id: CUSTOMER, name: "a.png", content_type: "image/png", size_bytes: 9 };
  const nulls = { width: null, height: null, thumbnail_bytes: null, message_id: null };
  await db
    .insertInto("uploads")
    .values({ ...upload, ...nulls, claimed_by: clientId })
    .execute();
  const other = await say(CUSTOMER, "not mine", { attachment: { upload_id: uploadId } });
  const messageId = await say(CUSTOMER, "", { clientId, attachment: { upload_id: uploadId, name: "a.png" } });
  await store();
  expect(messageId).toBeGreaterThan(other);
  expect(await db.selectFrom("uploads").select("message_id").where("id", "=", uploadId).execute()).toEqual([{ message_id: messageId }]);
  expect((await messages()).at(-1)?.attachment).toEqual({ upload_id: uploadId, name: "a.png" });
});

test("after its commit each participant is told their own count, and agents the rest", async () => {
  const heard = new Map<string, InboxFrame | { except: number[]; frame: InboxFrame }>();
  const channels = [keys.inbox(CUSTOMER), keys.inbox(AGENT), keys.inbox(OTHER), keys.agentsInbox];
  const listen = (channel: string) =>
    subscriber.subscribe(channel, { onMessage: (bytes) => heard.set(channel, JSON.parse(bytes.toString("utf8"))) });
  await Promise.all(channels.map(listen));
  const messageId = await say(CUSTOMER, "news");
  await store();
  const own = (unread_count: number, is_participant = true) => ({
    type: "inbox",
    conversation: { id, status: "open", unread_count, is_participant, last_message: { id: messageId, message: "news", role: "customer" } },
  });
  await expect.poll(() => heard.size).toBe(3);
  expect(heard.get(keys.inbox(CUSTOMER))).toMatchObject(own(0));
  expect(heard.get(keys.inbox(AGENT))).toMatchObject(own(1));
  expect(heard.get(keys.agentsInbox)).toMatchObject({ except: [CUSTOMER, AGENT], frame: own(0, false) });
  for (const channel of channels) subscriber.unsubscribe(channel);
});

test("a collision is accepted again under a new id, as it was", async () => {
  const first = await say(CUSTOMER, 'quoted "created_at":"no"');
  await db
    .insertInto("conversation_messages")
    .values({
      ...{
        id: first,
        conversation_id: id,
        is_note: false,
        user_id: AGENT,
        client_id: crypto.randomUUID(),
        username: "x",
        profile_pic: null,
      },
      ...{ role: "agent", message: "of another history", attachment: null, created_at: new Date(), edited_at: null, deleted_at: null },
      last_event_id: first,
    })
    .execute();
  await store();
  await store();
  const stored = await messages();
  expect(stored.map((row) => row.message)).toEqual(["of another history", 'quoted "created_at":"no"']);
  const history = await redis.xrevrange(keys.history(room), "+", "-", "COUNT", 1);
  const body: unknown = JSON.parse(history[0]?.[1][1]?.split("\n").at(-1) ?? "");
  expect(body).toMatchObject({ message: { id: stored[1]?.id, created_at: stored[1]?.created_at.toISOString() } });
  expect(Object.keys(NewConversationMessageEvent.properties.message.properties)).toEqual(Object.keys(Object(body).message));
});
