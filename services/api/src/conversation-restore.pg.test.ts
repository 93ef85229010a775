import { ConversationEvent } from "@drawchat/protocol/conversations";
import { conversationRoom, notesRoom, PARTITIONS } from "@drawchat/protocol/ids";
import { readHistoryPage } from "@drawchat/redis/history-page";
import { keys } from "@drawchat/redis/keys";
import { readRoom } from "@drawchat/redis/room-state";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { Compile } from "typebox/compile";
import { beforeEach, expect, test } from "vitest";
import { testApi, testStores } from "./test-api.ts";

const stores = await testStores();
const { parts, restorer, redis, database } = await testApi(stores);
const { db, pool } = database;
const isEvent = Compile(ConversationEvent);

const [CUSTOMER, AGENT] = [1, 2];
let id = 0;
const room = () => conversationRoom(id);
const notes = () => notesRoom(id);
/** The nth id of the conversation's partition. */
const at = (n: number) => n * PARTITIONS + (id % PARTITIONS);

beforeEach(async () => {
  await flushAll(redis);
  await pool.query(`INSERT INTO users (id, username, role) VALUES (1, 'ann', 'customer'), (2, 'bob', 'agent') ON CONFLICT DO NOTHING`);
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO conversations (created_by, client_id, is_bot_on, policy_version) VALUES (1, gen_random_uuid(), true, 7) RETURNING id`,
  );
  id = rows[0]?.id ?? 0;
  await pool.query(
    `INSERT INTO conversation_participants (conversation_id, user_id, role, read_upto, left_at)
     VALUES ($1, 1, 'customer', 64, NULL), ($1, 2, 'agent', 0, NULL)`,
    [id],
  );
});

interface Row {
  n: number;
  lastEvent?: number;
  isDeleted?: boolean;
  isNote?: boolean;
}

async function store(...rows: Row[]): Promise<void> {
  for (const { n, lastEvent = n, isDeleted = false, isNote = false } of rows) {
    const text = isDeleted ? "" : `text ${n}`;
    const changedAt = lastEvent === n ? null : new Date();
    await db
      .insertInto("conversation_messages")
      .values({
        ...{ id: at(n), conversation_id: id, is_note: isNote, user_id: CUSTOMER, client_id: crypto.randomUUID(), username: "ann" },
        ...{ profile_pic: null, role: "customer", message: text, attachment: null, created_at: new Date() },
        ...{ edited_at: isDeleted ? null : changedAt, deleted_at: isDeleted ? changedAt : null, last_event_id: at(lastEvent) },
      })
      .execute();
  }
  const last = Math.max(...rows.filter((row) => !row.isNote).map((row) => row.lastEvent ?? row.n), 0);
  const lastMessage = Math.max(...rows.filter((row) => !row.isNote).map((row) => row.n), 0);
  await db
    .updateTable("conversations")
    .set({ last_event_id: at(last), last_message_id: at(lastMessage), notes_last_event_id: at(last) })
    .where("id", "=", id)
    .execute();
}

const history = async (name = room()) => (await readHistoryPage(redis, name, {})).events;
const say = (userId: number, ifLastId?: number) =>
  parts.acceptor.submit({
    ...{ room: room(), kind: "m", userId, clientId: crypto.randomUUID(), ifLastId },
    parts: ['{"type":"new_message","message":{"id":', ',"created_at":"', '"}}'],
  });

test("a conversation comes back with its members, their marks, and whether the bot is on", async () => {
  expect(await restorer.restore(room())).toBe("restored");
  const members = new Map([
    [CUSTOMER, { role: "customer", readUpto: 64 }],
    [AGENT, { role: "agent", readUpto: 0 }],
  ]);
  const policy = { kind: "conversation", version: 7, isBotOn: true, members };
  expect((await readRoom(redis, room()))?.policy).toEqual(policy);
  await restorer.restore(notes());
  expect((await readRoom(redis, notes()))?.policy).toEqual({ ...policy });
  expect(await restorer.restore(conversationRoom(id + 1_000))).toBe("unknown");
});

test("what was edited or deleted meanwhile follows at its place, for those who were there before", async () => {
  await store({ n: 1, lastEvent: 4 }, { n: 2, lastEvent: 5, isDeleted: true }, { n: 3 });
  await restorer.restore(room());
  const events = await history();
  expect(events.map((event) => [event.id, event.kind])).toEqual([
    [at(1), "m"],
    [at(2), "m"],
    [at(3), "m"],
    [at(4), "e"],
    [at(5), "d"],
  ]);
  for (const event of events) expect(isEvent.Check(JSON.parse(event.body))).toBe(true);
  expect(JSON.parse(events[1]?.body ?? "")).toMatchObject({ message: { message: "", edited_at: null } });
  expect((await readRoom(redis, room()))?.upto).toBe(at(5));
});

test("notes come back in their own room alone", async () => {
  await store({ n: 1 }, { n: 2, isNote: true });
  await Promise.all([restorer.restore(room()), restorer.restore(notes())]);
  expect((await history()).map((event) => event.id)).toEqual([at(1)]);
  expect((await history(notes())).map((event) => event.id)).toEqual([at(2)]);
});

test("of many changes the newest come back, and nobody is told that there was nothing before", async () => {
  await pool.query(
    `INSERT INTO conversation_messages (id, conversation_id, is_note, user_id, client_id, username, role, message, created_at, last_event_id)
     SELECT n * 64 + $1 % 64, $1, false, 1, gen_random_uuid(), 'ann', 'customer', 'x', now(),
            CASE WHEN n = 1 THEN 1000 * 64 + $1 % 64 ELSE n * 64 + $1 % 64 END
     FROM generate_series(1, 300) n`,
    [id],
  );
  await restorer.restore(room());
  const events = await history();
  expect(events.at(-1)).toMatchObject({ id: at(1_000), kind: "e" });
  expect(events).toHaveLength(250); // the edit of the first message, and the newest 249
  const [first] = (await readRoom(redis, room(), { history: "all" }))?.publications ?? [];
  expect(first?.after).toBe(at(51));
});

test("what only the log has is there: messages, marks, and what the last message is", async () => {
  await restorer.restore(room());
  const said = await say(CUSTOMER);
  if (said.kind !== "accepted") throw new Error("not accepted");
  await parts.acceptor.markRead({ room: room(), userId: AGENT, readUpto: said.id });
  await redis.del(keys.room(room()), keys.history(room()), keys.members(room()));
  expect(await say(AGENT, 0)).toEqual({ kind: "refused", code: "newer_messages", lastId: said.id });
  expect((await history()).map((event) => event.id)).toEqual([said.id]);
  expect((await readRoom(redis, room()))?.policy).toMatchObject({ kind: "conversation" });
  const policy = (await readRoom(redis, room()))?.policy;
  expect(policy?.kind === "conversation" && policy.members.get(AGENT)).toEqual({ role: "agent", readUpto: said.id });
});

test("who left is no member, and is refused after the room came back", async () => {
  await db.updateTable("conversation_participants").set({ left_at: new Date() }).where("user_id", "=", CUSTOMER).execute();
  expect(await say(CUSTOMER)).toEqual({ kind: "refused", code: "not_found" });
  expect(await say(AGENT)).toMatchObject({ kind: "accepted" });
});

test("a change that was committed while the room came back is applied", async () => {
  await restorer.restore(room());
  await redis.del(keys.room(room())); // the members stay, as of version 7
  await db.updateTable("conversations").set({ policy_version: 8, is_bot_on: false }).where("id", "=", id).execute();
  expect(await restorer.restore(room())).toBe("restored");
  expect((await readRoom(redis, room()))?.policy).toMatchObject({ version: 8, isBotOn: false });
});
