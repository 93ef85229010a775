/** Conversations over real gateways, with the live chat disabled: rooms, messages, membership, marks, inboxes, presence. */

import { randomUUID } from "node:crypto";
import type { Role } from "@drawchat/auth/claims";
import { conversationRoom, notesRoom } from "@drawchat/protocol/ids";
import { commandClient } from "@drawchat/redis/connect";
import { publishInbox } from "@drawchat/redis/inbox";
import { keys } from "@drawchat/redis/keys";
import { readPresence } from "@drawchat/redis/presence";
import { createLog } from "@drawchat/runtime/log";
import { startCluster } from "@drawchat/testkit/cluster";
import { addConversation, addUsers } from "@drawchat/testkit/conversations";
import { flushAll, tellNodes } from "@drawchat/testkit/redis-nodes";
import { afterAll, expect, test } from "vitest";
import { ConversationClient, type User } from "../test/conversation-client.ts";

const SOON = { timeout: 10_000, interval: 20 };
/** Who was taken out is out within 3 s, and a busy machine has a second more. */
const OUT = { timeout: 4_000, interval: 20 };

const cluster = await startCluster({ gateways: 3, env: { LIVE_CHAT_ENABLED: "false" } });
const { db } = cluster.database;
const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
await redis.connect();
afterAll(async () => {
  redis.disconnect();
  await cluster.stop();
});

let lastUser = 100;
const newUser = () => {
  lastUser += 1;
  return lastUser;
};
const AGENT: Role[] = ["agent"];
const joined = (user: User, ...rooms: string[]) => ConversationClient.join(cluster, user, ...rooms);

/** A conversation of two customers, in it on a gateway each. */
async function pair(gateway: NonNullable<User["gateway"]> = "gateway-2") {
  const [a, b] = [newUser(), newUser()];
  const id = await addConversation(db, { members: [{ userId: a }, { userId: b }] });
  const room = conversationRoom(id);
  const [ann, ben] = await Promise.all([joined({ userId: a, username: "ann" }, room), joined({ userId: b, gateway }, room)]);
  return { id, room, a, b, ann, ben };
}

/** What an admin asks of the api; resolves with the status. */
async function admin(request: string, body?: object): Promise<number> {
  const [method = "GET", path = ""] = request.split(" ");
  const authorization = `Bearer ${await cluster.token({ userId: 99, roles: ["admin"] })}`;
  const options = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) };
  return (await fetch(`${cluster.url("api-1")}${path}`, { method, headers, ...options })).status;
}

const loss = loseGateway(); // takes 14 s: the other tests run meanwhile
loss.catch(() => undefined); // its test tells

test("a message reaches everybody on either gateway, is acknowledged and stored", async () => {
  const { id, room, a, ann, ben } = await pair();
  const { id: messageId } = await ann.say(room, " hello\u0000 ");
  await expect.poll(() => ben.messages(room), SOON).toEqual(["hello"]);
  for (const client of [ann, ben]) await client.waitFor("stored", (frame) => frame.room === room && frame.upto >= messageId);
  expect(ben.all("batch")[0]).toEqual({
    type: "batch",
    room,
    after: 0,
    upto: messageId,
    events: [
      {
        type: "new_message",
        message: {
          id: messageId,
          conversation_id: id,
          user_id: a,
          username: "ann",
          profile_pic: null,
          role: "customer",
          message: "hello",
          message_type: "text",
          attachment: null,
          created_at: expect.stringMatching(/^20..-..-..T..:..:..\....Z$/),
          edited_at: null,
          deleted_at: null,
        },
      },
    ],
  });
  const row = db.selectFrom("conversation_messages").select("message").where("id", "=", messageId);
  await expect.poll(async () => (await row.executeTakeFirst())?.message, SOON).toBe("hello");
});

test("who comes gets the latest, who comes back what was missed, on whichever gateway, and who left nothing more", async () => {
  const { room, a, ann, ben } = await pair();
  const first = await ann.say(room, "m0");
  const { epoch } = await ann.waitFor("joined");
  ben.send({ type: "leave", room });
  expect(await ben.waitFor("left")).toEqual({ type: "left", room, reason: "asked" });
  for (let n = 1; n <= 3; n += 1) await ann.say(room, `m${n}`);
  const back = await joined({ userId: a, gateway: "gateway-2" });
  expect(await back.enter(room, { epoch, id: first.id })).toMatchObject({ recovered: true, epoch, is_bot_on: false });
  await expect.poll(() => back.messages(room), SOON).toEqual(["m1", "m2", "m3"]);
  back.send({ type: "resume", room, since: { epoch, id: first.id } });
  await expect.poll(() => back.messages(room), SOON).toEqual(["m1", "m2", "m3", "m1", "m2", "m3"]);
  expect(ben.messages(room)).toEqual(["m0"]);
  expect(await ben.enter(room, { epoch, id: first.id + 1 })).toMatchObject({ recovered: false });
  expect(ben.messages(room)).toEqual(["m0", "m0", "m1", "m2", "m3"]);
  await ann.say(room, "m4");
  await expect.poll(() => ben.messages(room).at(-1), SOON).toBe("m4");
});

test("a repetition is the same message; what was sent before a loss is asked for; newer messages are told", async () => {
  const { room, ann, ben } = await pair();
  const client_id = randomUUID();
  const first = await ann.say(room, "once", { client_id });
  await ann.waitFor("stored", (frame) => frame.room === room && frame.upto >= first.id);
  for (const resend of [false, true]) expect(await ann.say(room, "once", { client_id, resend })).toEqual({ ...first, duplicate: true });
  expect((await ann.say(room, "new", { resend: true })).duplicate).toBeUndefined();
  const second = await ben.say(room, "newer");
  await expect(ann.say(room, "late", { if_last_id: first.id })).rejects.toThrow(`"code":"newer_messages"`);
  expect(ann.all("error").at(-1)).toMatchObject({ room, last_id: second.id, client_id: expect.any(String) });
  await ann.say(room, "answer", { if_last_id: second.id });
  await expect.poll(() => ben.messages(room), SOON).toEqual(["once", "new", "newer", "answer"]);
});

test("a room that one may not see is one that is not there, byte for byte; the same for what is done in it", async () => {
  const { id, room, ann } = await pair();
  const stranger = await joined({ userId: newUser() });
  const unknown = `c${id + 1_000_000}`;
  for (const name of [room, notesRoom(id), unknown]) {
    const before = stranger.texts.length;
    stranger.send({ type: "join", room: name });
    for (const more of [
      { type: "resume", since: { epoch: "e", id: 1 } },
      { type: "read", upto: 1 },
      { type: "typing", is_typing: true },
    ])
      stranger.send({ room: name, ...more });
    const message = { type: "message", room: name, client_id: randomUUID(), message: "hi" };
    stranger.send(message);
    const sentence = '"code":"not_found","message":"There is no such thing here."';
    const answers = [...Array(4).fill(`{"type":"error","room":"${name}",${sentence}}`), expect.stringContaining(sentence)];
    await expect.poll(() => stranger.texts.slice(before), SOON).toEqual(answers);
    expect(stranger.texts.at(-1)).toContain(message.client_id);
  }
  ann.send({ type: "join", room: notesRoom(id) });
  await ann.waitFor("error", (frame) => frame.room === notesRoom(id) && frame.code === "not_found");
});

test("who was let in a moment ago may come, also where the room was open without them", async () => {
  const { id, room, ann } = await pair();
  const userId = newUser();
  const newcomer = await joined({ userId });
  newcomer.send({ type: "join", room });
  await newcomer.waitFor("error");
  await addUsers(db, [{ userId }]);
  await db
    .insertInto("conversation_participants")
    .values({ conversation_id: id, user_id: userId, role: "customer", left_at: null })
    .execute();
  await redis.multi().hset(keys.members(room), String(userId), "customer 0", "v", "2").hset(keys.room(room), "version", "2").exec();
  await newcomer.enter(room);
  expect((await ann.waitFor("members")).members.map((member) => member.user_id)).toContain(userId);
});

test.each(["told", "lost"])("who is taken out leaves within 3 s, where that was %s on the way, and hears nothing further", async (way) => {
  const { id, room, a, b, ann, ben } = await pair();
  const agent = await joined({ userId: newUser(), roles: AGENT }, room, notesRoom(id));
  if (way === "told") expect(await admin(`DELETE /conversations/${id}/participants/${b}`)).toBe(204);
  else
    await redis.multi().hdel(keys.members(room), String(b)).hset(keys.members(room), "v", "2").hset(keys.room(room), "version", "2").exec();
  await expect.poll(() => ben.all("left"), OUT).toEqual([{ type: "left", room, reason: "removed" }]);
  await ann.say(room, "without ben");
  for (const client of [ann, agent]) {
    await expect.poll(() => client.messages(room), SOON).toEqual(["without ben"]);
    expect((await client.waitFor("members")).members.map((member) => member.user_id)).toEqual([a]);
  }
  await expect(ben.say(room, "still here")).rejects.toThrow(`"code":"not_found"`);
  expect([ben.messages(room), agent.all("left")]).toEqual([[], []]);
});

test("read marks move forward only, are shown on the other gateway, stored, and few however often they are sent", async () => {
  const { id, room, a, b, ann, ben } = await pair();
  const ids: number[] = [];
  for (let n = 0; n < 6; n += 1) ids.push((await ann.say(room, `${n}`)).id);
  await expect.poll(() => ben.messages(room), SOON).toHaveLength(6);
  for (const upto of ids) ben.send({ type: "read", room, upto });
  ben.send({ type: "read", room, upto: ids[2] });
  const last = ids.at(-1) ?? 0;
  for (const client of [ann, ben]) await client.waitFor("read", (frame) => frame.upto === last);
  const told = [ids[0], last].map((upto) => ({ type: "read", room, user_id: b, upto }));
  await expect.poll(() => [ann.all("read"), ben.all("read")], SOON).toEqual([told, told]);
  const back = await joined({ userId: a, gateway: "gateway-2" });
  const marks = (await back.enter(room)).members.map((member) => [member.user_id, member.read_upto]);
  expect(marks).toEqual([
    [a, 0],
    [b, last],
  ]);
  const row = db.selectFrom("conversation_participants").select("read_upto").where("conversation_id", "=", id).where("user_id", "=", b);
  await expect.poll(async () => (await row.executeTakeFirst())?.read_upto, SOON).toBe(last);
  back.send({ type: "read", room, upto: last + 64 });
  await back.waitFor("error", (frame) => frame.code === "bad_id" && frame.room === room);
});

test("who types is told to the others, at most every 3 s, and never stored", async () => {
  const { id, room, a, ann, ben } = await pair();
  const agent = await joined({ userId: newUser(), roles: AGENT }, room, notesRoom(id));
  for (const is_typing of [true, true, true, false]) ann.send({ type: "typing", room, is_typing });
  await ben.waitFor("typing", (frame) => !frame.is_typing);
  const frames = [true, false].map((is_typing) => ({ type: "typing", room, user_id: a, is_typing, expires_in_ms: 6_000 }));
  expect([ben.all("typing"), ann.all("typing")]).toEqual([frames, []]);
  await expect.poll(() => agent.all("typing"), SOON).toEqual(frames);
  for (const name of [room, notesRoom(id)]) {
    agent.send({ type: "typing", room: name, is_typing: true });
    agent.send({ type: "read", room: name, upto: 1 });
    await expect.poll(() => agent.all("error").filter((frame) => frame.room === name && frame.code === "forbidden"), SOON).toHaveLength(2);
  }
});

test("notes are said among agents, whatever room customers are in", async () => {
  const [customer, a, b] = [newUser(), newUser(), newUser()];
  const id = await addConversation(db, { members: [{ userId: customer }, { userId: a, role: "agent" }] });
  const notes = notesRoom(id);
  const reader = await joined({ userId: customer }, conversationRoom(id));
  const [one, other] = await Promise.all([
    joined({ userId: a, roles: AGENT }, notes),
    joined({ userId: b, roles: ["admin"], gateway: "gateway-2" }, notes),
  ]);
  const { id: noteId } = await one.say(notes, "between us");
  await expect.poll(() => other.messages(notes), SOON).toEqual(["between us"]);
  expect(other.all("batch")[0]).toMatchObject({
    room: notes,
    events: [{ message: { id: noteId, message_type: "note", conversation_id: id } }],
  });
  await other.say(notes, "from no participant");
  await expect.poll(() => one.messages(notes), SOON).toEqual(["between us", "from no participant"]);
  expect((await joined({ userId: a, roles: AGENT }, notes)).all("joined")[0]?.members.map((member) => member.user_id)).toEqual([
    customer,
    a,
  ]);
  await expect(one.say(notes, "a file", { upload_id: randomUUID() })).rejects.toThrow(`"code":"bad_attachment"`);
  await one.waitFor("stored", (frame) => frame.room === notes && frame.upto >= noteId);
  expect(reader.texts.filter((text) => text.includes("between us"))).toEqual([]);
});

test("an agent who writes becomes a participant by it, the bot falls silent, and what was said keeps its order", async () => {
  const [customer, bot, agentId] = [newUser(), newUser(), newUser()];
  const id = await addConversation(db, { members: [{ userId: customer }, { userId: bot, role: "bot" }] });
  const room = conversationRoom(id);
  const reader = await joined({ userId: customer }, room);
  expect(reader.all("joined")[0]?.is_bot_on).toBe(true);
  const agent = await joined({ userId: agentId, roles: AGENT, gateway: "gateway-2" }, room);
  const texts = ["first", "second", "third"];
  for (const message of texts) agent.send({ type: "message", room, client_id: randomUUID(), message });
  await expect.poll(() => reader.messages(room), SOON).toEqual(texts);
  const members = await reader.waitFor("members", (frame) => frame.members.some((member) => member.user_id === agentId));
  expect([members.is_bot_on, members.members.find((member) => member.user_id === agentId)]).toEqual([
    false,
    expect.objectContaining({ user_id: agentId, role: "agent", read_upto: 0 }),
  ]);
  await expect(agent.say(`c${id + 1_000_000}`, "nowhere")).rejects.toThrow(`"code":"not_found"`);
});

test("a message takes an upload of its sender once; a text may be empty beside it", async () => {
  const { id, room, a, b, ann, ben } = await pair();
  const file = {
    conversation_id: id,
    name: "cat.png",
    content_type: "image/png",
    size_bytes: 9,
    width: 2,
    height: 3,
    thumbnail_bytes: null,
  };
  const [own, others] = [randomUUID(), randomUUID()];
  const rows = [
    { id: own, user_id: a, ...file },
    { id: others, user_id: b, ...file },
  ];
  await db.insertInto("uploads").values(rows).execute();
  for (const upload_id of [others, randomUUID()])
    await expect(ann.say(room, "x", { upload_id })).rejects.toThrow(`"code":"bad_attachment"`);
  const client_id = randomUUID();
  const ack = await ann.say(room, " ", { upload_id: own, client_id });
  expect(await ann.say(room, " ", { upload_id: own, client_id })).toEqual({ ...ack, duplicate: true });
  await expect(ann.say(room, "again", { upload_id: own })).rejects.toThrow(`"code":"bad_attachment"`);
  const batch = await ben.waitFor("batch");
  const attachment = { upload_id: own, name: "cat.png", content_type: "image/png", size_bytes: 9, width: 2, height: 3 };
  expect(batch.events).toMatchObject([{ message: { message: "", attachment } }]);
});

test("what is new in lists comes to its users' sockets and to all agents', but for those who have it themselves", async () => {
  const { id, room, a, ann, ben } = await pair();
  const agentId = newUser();
  const agent = await joined({ userId: agentId, roles: AGENT, gateway: "gateway-2" });
  const phone = await joined({ userId: a, gateway: "gateway-2" });
  const { id: messageId } = await ben.say(room, "news");
  const expected = [
    [ann, 1],
    [phone, 1],
    [ben, 0],
    [agent, 0],
  ] as const;
  for (const [client, unread] of expected) {
    const { conversation } = await client.waitFor("inbox", (frame) => frame.conversation.last_message?.id === messageId);
    expect([conversation.id, conversation.unread_count, conversation.is_participant]).toEqual([id, unread, client !== agent]);
  }
  const { conversation } = await agent.waitFor("inbox");
  const changed = (version: number) => ({ type: "inbox", conversation: { ...conversation, version } }) as const;
  await publishInbox(redis, [
    { to: "agents", except: [agentId], frame: changed(998) },
    { to: "agents", except: [], frame: changed(999) },
    { to: a, frame: { type: "inbox_removed", conversation_id: id } },
  ]);
  await agent.waitFor("inbox", (frame) => frame.conversation.version === 999);
  expect(agent.all("inbox").filter((frame) => frame.conversation.version === 998)).toEqual([]);
  for (const client of [ann, phone]) expect(await client.waitFor("inbox_removed")).toEqual({ type: "inbox_removed", conversation_id: id });
  expect(ben.texts.filter((text) => text.includes("inbox_removed") || text.includes('"version":99'))).toEqual([]);
});

test("where subscriptions broke the lists may be stale, and nothing is missed in rooms", async () => {
  const { room, ann, ben } = await pair();
  await ann.say(room, "before");
  await tellNodes(redis, "CLIENT", "KILL", "TYPE", "pubsub");
  await ann.say(room, "meanwhile");
  for (const client of [ann, ben]) {
    await client.waitFor("inbox_stale");
    await expect.poll(() => client.messages(room), SOON).toEqual(["before", "meanwhile"]);
  }
  const { id } = await ann.say(room, "after");
  await ben.waitFor("inbox", (frame) => frame.conversation.last_message?.id === id);
});

test("a token with other roles is another role here: what it may not see, the socket leaves", async () => {
  const { id, room, ann } = await pair();
  const userId = newUser();
  const agent = await joined({ userId, roles: AGENT }, room, notesRoom(id));
  agent.send({ type: "auth", token: await cluster.token({ userId, nowMs: Date.now() + 1_000 }) });
  await expect
    .poll(() => agent.all("left").map((frame) => `${frame.room} ${frame.reason}`), SOON)
    .toEqual([`${room} removed`, `n${id} removed`]);
  await ann.say(room, "among us");
  await ann.waitFor("inbox", (frame) => frame.conversation.last_message?.message === "among us");
  expect([agent.messages(room), agent.all("inbox")]).toEqual([[], []]);
});

test("a name that was edited is that of the next message, on the socket that was open", async () => {
  const { room, a, ann, ben } = await pair();
  expect(await admin(`PATCH /users/${a}`, { username: "Annabel" })).toBe(200);
  const said = () => ben.texts.filter((text) => text.includes('"username":"Annabel"'));
  await expect.poll(async () => (await ann.say(room, "it is me")) && said().length, SOON).toBeGreaterThan(0);
});

test("strangers who try numbers bring no conversation into Redis", async () => {
  const { room } = await pair();
  const cold = conversationRoom(await addConversation(db, { members: [{ userId: newUser() }] }));
  const stranger = await joined({ userId: newUser() });
  for (const name of [room, cold, "c999999"]) stranger.send({ type: "join", room: name });
  await expect.poll(() => stranger.all("error").map((frame) => frame.code), SOON).toEqual(["not_found", "not_found", "not_found"]);
  expect(await redis.exists(keys.room(cold))).toBe(0);
});

test("a deactivated user's sockets close, and none is taken any more", async () => {
  const { b, ben } = await pair();
  expect(await admin(`PATCH /users/${b}`, { is_active: false })).toBe(200);
  expect((await ben.closed).code).toBe(4503);
  const again = await ConversationClient.open(cluster, { userId: b });
  expect(await again.closed).toEqual({ code: 4503, reason: "deactivated" });
});

test("people of a conversation see whether the others are there, over all their sockets and both gateways", async () => {
  const { room, a, b, ann, ben } = await pair();
  const presenceOf = (client: ConversationClient, userId: number) =>
    client.all("presence").flatMap((frame) => (frame.user_id === userId ? [frame.state] : []));
  const phone = await joined({ userId: b });
  ben.send({ type: "presence", state: "away" });
  phone.send({ type: "presence", state: "away" });
  await expect.poll(() => presenceOf(ann, b).at(-1), SOON).toBe("away");
  await ben.close();
  phone.send({ type: "presence", state: "online" });
  await expect.poll(() => presenceOf(ann, b).at(-1), SOON).toBe("online");
  await phone.close();
  const gone = await ann.waitFor("presence", (frame) => frame.user_id === b && frame.state === "offline");
  expect(Math.abs(Date.parse(gone.last_seen_at ?? "") - Date.now())).toBeLessThan(10_000);
  await expect
    .poll(async () => (await readPresence(redis, [b])).get(b), SOON)
    .toEqual({ state: "offline", lastSeenMs: expect.any(Number) });
  const { members } = await ann.enter(room);
  expect(members.map((member) => [member.user_id, member.presence])).toEqual([
    [a, "online"],
    [b, "offline"],
  ]);
});

test("who was on a gateway that was killed is offline within 15 s, at its last beat", { timeout: 40_000 }, async () => {
  const { gone, goneAfterMs, presence } = await loss;
  expect(goneAfterMs).toBeLessThan(15_000);
  expect(presence).toEqual({ state: "offline", lastSeenMs: Date.parse(gone.last_seen_at ?? "") });
});

// Behind the killed gateway: Redis forgets it by this.
test("who was taken out while Redis lost its memory leaves at the reset; the others begin anew", async () => {
  const { id, room, b, ann, ben } = await pair();
  const before = await ann.say(room, "kept");
  await ann.waitFor("stored", (frame) => frame.room === room && frame.upto >= before.id);
  await db.updateTable("conversations").set({ policy_version: 2 }).where("id", "=", id).execute();
  await db.updateTable("conversation_participants").set({ left_at: new Date() }).where("user_id", "=", b).execute();
  await flushAll(redis);
  expect(await ann.waitFor("reset")).toMatchObject({ room, upto: before.id, events: [{ message: { message: "kept" } }] });
  await expect.poll(() => ben.all("left"), SOON).toEqual([{ type: "left", room, reason: "removed" }]);
  expect(ben.all("reset")).toEqual([]);
  await ann.say(room, "after");
  await expect.poll(() => ann.messages(room).at(-1), SOON).toBe("after");
});

/** Until a user of a killed gateway is offline for the others. */
async function loseGateway() {
  const { b, ann } = await pair("gateway-3");
  await expect.poll(async () => (await readPresence(redis, [b])).get(b)?.state, SOON).toBe("online");
  const killedAt = performance.now();
  await cluster.kill("gateway-3");
  const gone = await ann.waitFor("presence", (frame) => frame.user_id === b && frame.state === "offline");
  return { gone, goneAfterMs: performance.now() - killedAt, presence: (await readPresence(redis, [b])).get(b) };
}
