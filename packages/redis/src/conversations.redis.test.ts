import { conversationRoom, notesRoom, PARTITIONS, partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { Acceptor, type AcceptorOptions, type EventSubmission } from "./accept.ts";
import { commandClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { readLog } from "./log.ts";
import { applyMembership } from "./members.ts";
import { decodeControl, isControl } from "./publication.ts";
import { renewRooms } from "./renew.ts";
import { restoreRoom } from "./restore.ts";
import { type ConversationPolicy, type Member, readRoom } from "./room-state.ts";
import { settle } from "./settle.ts";
import { Subscriber } from "./subscriber.ts";
import { readUnstored } from "./unstored.ts";

const log = createLog("test", "silent");
const { url } = await testRedis();
const redis = commandClient(url, "test", log);
const subscriber = new Subscriber(url, "test", log);
await Promise.all([redis.connect(), subscriber.connect()]);
afterAll(() => {
  redis.disconnect();
  subscriber.disconnect();
});

const [CUSTOMER, AGENT, BOT, STRANGER] = [1, 2, 3, 4];
const ID = 99;
const room = conversationRoom(ID);
const notes = notesRoom(ID);
const partition = partitionOfRoom(room);
const accept = acceptor();

function acceptor(options: Partial<AcceptorOptions> = {}): Acceptor {
  return new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unknown", ...options });
}

const member = (role: Member["role"], readUpto = 0): Member => ({ role, readUpto });

function policy(change: Partial<ConversationPolicy> = {}): ConversationPolicy {
  const members = new Map([
    [CUSTOMER, member("customer")],
    [AGENT, member("agent")],
    [BOT, member("bot")],
  ]);
  return { kind: "conversation", version: 1, isBotOn: true, members, ...change };
}

async function open(name: RoomName, change: Partial<ConversationPolicy> = {}): Promise<void> {
  const [first] = await redis.xrange(keys.log(partition), "-", "+", "COUNT", 1);
  const snapshot = { room: name, policy: policy(change), upto: 0, events: [], after: 0, likes: new Map(), logFirstEntry: first?.[0] ?? "" };
  expect(await restoreRoom(redis, snapshot)).toBe("restored");
}

beforeEach(async () => {
  await flushAll(redis);
  await open(room);
  await open(notes);
});

function line(userId: number, more: Partial<EventSubmission> = {}): EventSubmission {
  const parts = ['{"type":"new_message","message":{"id":', `,"user_id":${userId},"created_at":"`, '"}}'] as const;
  return { room, kind: "m", userId, clientId: crypto.randomUUID(), parts, ...more };
}

async function say(userId: number, more: Partial<EventSubmission> = {}): Promise<number> {
  const outcome = await accept.submit(line(userId, more));
  if (outcome.kind !== "accepted") throw new Error(JSON.stringify(outcome));
  return outcome.id;
}

/** Stores nothing, and settles all the same: for what happens when everything is stored. */
async function settleAll(): Promise<void> {
  const entries = await readLog(redis, partition, 500);
  const rooms = new Map([room, notes].map((name) => [name, { rejected: [], columns: new Map() }]));
  await settle(redis, { partition, entries, rooms });
}

test("participants are heard, and nobody else, as if there were no such conversation", async () => {
  expect(await say(CUSTOMER)).toBeGreaterThan(0);
  expect(await accept.submit(line(STRANGER))).toEqual({ kind: "refused", code: "not_found" });
  expect(await accept.submit(line(STRANGER, { room: conversationRoom(ID + PARTITIONS) }))).toEqual({ kind: "refused", code: "not_found" });
  expect((await readLog(redis, partition, 10)).flatMap((entry) => entry.events)).toHaveLength(1);
});

test("notes take what staff say, participants or not, and nothing of anybody else", async () => {
  const said = await say(CUSTOMER);
  expect(await say(AGENT, { room: notes, isStaff: true })).toBeGreaterThan(said);
  expect(await say(STRANGER, { room: notes, isStaff: true })).toBeGreaterThan(said);
  for (const user of [CUSTOMER, AGENT, BOT, STRANGER]) {
    expect(await accept.submit(line(user, { room: notes }))).toEqual({ kind: "refused", code: "not_found" });
  }
  expect(await accept.submit(line(STRANGER, { isStaff: true }))).toEqual({ kind: "refused", code: "not_found" });
});

test("a bot is heard while it is on, without a limit, and refused from the change on", async () => {
  const strict = acceptor({ limits: { session: 0, conversation: 1 } });
  for (let n = 0; n < 3; n++) expect(await strict.submit(line(BOT))).toMatchObject({ kind: "accepted" });
  expect(await strict.submit(line(CUSTOMER))).toMatchObject({ kind: "accepted" });
  expect(await strict.submit(line(CUSTOMER))).toMatchObject({ kind: "refused", code: "rate_limited" });
  expect(await applyMembership(redis, ID, policy({ version: 2, isBotOn: false }))).toBe("applied");
  expect(await accept.submit(line(BOT))).toEqual({ kind: "refused", code: "bot_off" });
});

test("an answer the bot has given already is answered as given, also when the bot is off", async () => {
  const answer = line(BOT);
  const first = await accept.submit(answer);
  await applyMembership(redis, ID, policy({ version: 2, isBotOn: false }));
  expect(await accept.submit(answer)).toEqual({ ...first, kind: "duplicate" });
});

test("a message that is to follow a certain one is refused once something newer is there, also in one group", async () => {
  const first = await say(CUSTOMER, { ifLastId: 0 });
  const [second, third] = await Promise.all([
    accept.submit(line(AGENT, { ifLastId: first })),
    accept.submit(line(BOT, { ifLastId: first })),
  ]);
  expect(second.kind).toBe("accepted");
  expect(third).toEqual({ kind: "refused", code: "newer_messages", lastId: second.kind === "accepted" ? second.id : 0 });
  const note = await say(AGENT, { room: notes, isStaff: true });
  expect(note).toBeGreaterThan(first); // a note is nothing that was said in the conversation
  expect(await say(CUSTOMER, { ifLastId: second.kind === "accepted" ? second.id : 0 })).toBeGreaterThan(note);
});

test("read marks move forward only, up to the end of the conversation, and for participants only", async () => {
  const [first, second] = [await say(CUSTOMER), await say(CUSTOMER)];
  const mark = (userId: number, readUpto: number, name = room) => accept.markRead({ room: name, userId, readUpto });
  expect(await mark(AGENT, second)).toEqual({ kind: "accepted", upto: second });
  expect(await mark(AGENT, first)).toEqual({ kind: "duplicate", upto: second });
  expect(await mark(AGENT, second + 1)).toEqual({ kind: "refused", code: "bad_id" });
  expect(await mark(STRANGER, first)).toEqual({ kind: "refused", code: "not_found" });
  expect(await mark(AGENT, first, notes)).toEqual({ kind: "refused", code: "not_found" });
  const entries = await readLog(redis, partition, 10);
  expect(entries.flatMap((entry) => entry.reads)).toMatchObject([{ room, userId: AGENT, upto: second }]);
  expect((await readRoom(redis, room))?.policy).toEqual(
    policy({ members: new Map([...policy().members, [AGENT, member("agent", second)]]) }),
  );
});

test("a read mark is told to the room, beside its sequence", async () => {
  const id = await say(CUSTOMER);
  const heard: unknown[] = [];
  await subscriber.subscribe(keys.channel(room), { onMessage: (bytes) => isControl(bytes) && heard.push(decodeControl(bytes)) });
  await accept.markRead({ room, userId: AGENT, readUpto: id });
  await expect.poll(() => heard).toEqual([{ room, control: { type: "read", user_id: AGENT, upto: id } }]);
  expect((await readRoom(redis, room))?.upto).toBe(id);
  subscriber.unsubscribe(keys.channel(room));
});

test("who is taken out is heard no more; marks stay with those who stay; an older version changes nothing", async () => {
  const id = await say(CUSTOMER);
  await accept.markRead({ room, userId: CUSTOMER, readUpto: id });
  const members = new Map([[CUSTOMER, member("customer")]]);
  expect(await applyMembership(redis, ID, { version: 3, isBotOn: true, members })).toBe("applied");
  expect(await accept.submit(line(AGENT))).toEqual({ kind: "refused", code: "not_found" });
  expect((await readRoom(redis, notes))?.policy).toEqual({
    kind: "conversation",
    version: 3,
    isBotOn: true,
    members: new Map([[CUSTOMER, member("customer", id)]]),
  });
  expect(await applyMembership(redis, ID, policy({ version: 2 }))).toBe("older");
  expect(await accept.submit(line(AGENT))).toEqual({ kind: "refused", code: "not_found" });
  expect(await applyMembership(redis, ID + 1, policy())).toBe("unknown");
});

test("a room whose members are gone is asked for again, and comes back with them", async () => {
  const id = await say(CUSTOMER);
  await redis.del(keys.members(room));
  const restoring = acceptor({
    restoreRoom: async (name) => {
      const [first] = await redis.xrange(keys.log(partition), "-", "+", "COUNT", 1);
      const events = { upto: id, events: [], after: id, likes: new Map(), logFirstEntry: first?.[0] ?? "" };
      expect(await restoreRoom(redis, { room: name, policy: policy({ version: 5 }), ...events })).toBe("present");
      return "restored";
    },
  });
  expect(await restoring.submit(line(CUSTOMER))).toMatchObject({ kind: "accepted" });
});

test("members who are there are not overwritten by a sibling room that comes back later", async () => {
  await applyMembership(redis, ID, policy({ version: 4, isBotOn: false }));
  await redis.del(keys.room(notes));
  await open(notes, { version: 2 });
  expect((await readRoom(redis, notes))?.policy.version).toBe(4);
});

test("a conversation stays while anything of it is not stored, and goes an hour after the last of it is", async () => {
  const ofRoom = [keys.room(room), keys.history(room), keys.seen(room, 0), keys.members(room)];
  const times = () => Promise.all(ofRoom.map((key) => redis.pttl(key)));
  await say(CUSTOMER);
  expect(await times()).toEqual([-1, -1, -1, -1]);
  await settleAll();
  for (const ms of await times()) expect(ms).toBeGreaterThan(3_590_000);
  await accept.markRead({ room, userId: AGENT, readUpto: (await readRoom(redis, room))?.upto ?? 0 });
  expect(await times()).toEqual([-1, -1, -1, -1]);
});

test("a conversation with listeners stays, and what has no end gets none", async () => {
  const ends = () => Promise.all([keys.room(room), keys.members(room)].map((key) => redis.pttl(key)));
  await Promise.all([keys.room(room), keys.members(room)].map((key) => redis.pexpire(key, 1_000)));
  await renewRooms(redis, [room, "s1"]);
  for (const ms of await ends()) expect(ms).toBeGreaterThan(3_590_000);
  await say(CUSTOMER);
  await renewRooms(redis, [room]);
  expect(await ends()).toEqual([-1, -1]);
});

test("what is not stored yet is read over both rooms in the order of ids", async () => {
  const stored = await say(CUSTOMER);
  await settleAll();
  const ids = [await say(CUSTOMER), await say(AGENT, { room: notes, isStaff: true }), await say(AGENT)];
  const events = await readUnstored(redis, [room, notes]);
  expect(events.map((event) => event.id)).toEqual(ids);
  expect(events.map((event) => event.room)).toEqual([room, notes, room]);
  expect(JSON.parse(events[0]?.body ?? "")).toMatchObject({ message: { id: ids[0] } });
  expect(ids[0]).toBeGreaterThan(stored);
  expect(await readUnstored(redis, [conversationRoom(5)])).toEqual([]);
});

test("what is not stored is found in a publication that began with stored events, and nothing stored with it", async () => {
  const [, second, third] = await Promise.all([say(CUSTOMER), say(AGENT), say(CUSTOMER)]); // the first alone, then a group
  expect(await redis.xlen(keys.history(room))).toBe(2);
  await redis.hset(keys.clock(partition), "stored", String(second));
  expect((await readUnstored(redis, [room])).map((event) => event.id)).toEqual([third]);
});
