/** Handshakes and frames of conversations as they must not be: each gets its exact answer, and the gateway takes no harm. */
import { randomUUID } from "node:crypto";
import { ERRORS, type ErrorCode } from "@drawchat/protocol/errors";
import { startCluster } from "@drawchat/testkit/cluster";
import { addConversation } from "@drawchat/testkit/conversations";
import { clientFrame, handshake } from "@drawchat/testkit/raw-socket";
import { afterAll, expect, test } from "vitest";
import { ConversationClient } from "../test/conversation-client.ts";
import { endOf, openRaw, outcomeOf } from "../test/raw-chat.ts";
import { MARK, metric, Witness } from "../test/witness.ts";

const cluster = await startCluster({ env: { LOG_LEVEL: "debug", LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0" } });
afterAll(() => cluster.stop());
const { db } = cluster.database;
const witness = await Witness.watch(cluster);
const room = `c${await addConversation(db, { members: [{ userId: 1 }] })}`;
const watcher = await ConversationClient.join(cluster, { userId: 1 }, room);

let lastUser = 1_000;
/** A participant of a conversation of their own, somebody new each time: budgets are per socket. */
async function newcomer(): Promise<ConversationClient> {
  lastUser += 1;
  const own = `c${await addConversation(db, { members: [{ userId: lastUser }] })}`;
  const client = await ConversationClient.join(cluster, { userId: lastUser }, own);
  rooms.set(client, own);
  return client;
}
const rooms = new Map<ConversationClient, string>();

/** The refusal says the fixed sentence and nothing of the input, and the socket goes on. */
async function expectRefusal(
  client: ConversationClient,
  frame: object | string | Uint8Array<ArrayBuffer>,
  code: ErrorCode,
  about: object = {},
) {
  const before = client.frames.length;
  client.send(frame);
  client.send({ type: "ping" });
  const pong = await client.waitFor("pong", (one) => client.frames.indexOf(one) > before);
  const answers = client.frames.slice(before, client.frames.indexOf(pong)).filter((one) => one.type === "error");
  expect(answers).toEqual([{ type: "error", code, message: ERRORS[code].message, ...about }]);
}

const named = <T>(cases: readonly T[]) => cases.map((one): [string, T] => [`${JSON.stringify(one)}`.slice(0, 40), one]);
const V2 = { "Sec-WebSocket-Protocol": "drawchat.v2" };

test.each<[string, string, Record<string, string>, string]>([
  ["without the subprotocol", "/conversations/ws", {}, "400 bad_handshake"],
  ["of an old version", "/conversations/ws", { ...V2, "Sec-WebSocket-Version": "8" }, "426 upgrade_version"],
  ["to a path below", "/conversations/ws/1", V2, "404 not_found"],
  ["without a token", "/conversations/ws", V2, "101 4501 token missing, bad, expired or revoked"],
  ["with a bad token", "/conversations/ws?token=a.b.c", V2, "101 4501 token missing, bad, expired or revoked"],
  ["with two tokens", "/conversations/ws?token=a.b.c", { ...V2, Authorization: "Bearer d.e.f" }, "400 ambiguous_credentials"],
])("a handshake %s is answered %s %j %s", async (_what, path, headers, outcome) => {
  expect(await outcomeOf(Number(new URL(cluster.url("gateway-1")).port), handshake({ path, headers }))).toBe(outcome);
});

test("who does not say hello first is of bad form, and so is a second hello", async () => {
  lastUser += 1;
  const client = await ConversationClient.open(cluster, { userId: lastUser });
  await expectRefusal(client, { type: "join", room }, "bad_format");
  client.send({ type: "hello" });
  expect(await client.waitFor("welcome")).toEqual({
    type: "welcome",
    user: { user_id: lastUser, username: `user${lastUser}`, profile_pic: null, role: "customer" },
    server_time: expect.any(String),
    limits: { message_max_chars: 2_000, messages_per_minute: 120, frame_max_bytes: 8_192, rooms_max: 200 },
  });
  await expectRefusal(client, { type: "hello" }, "bad_format");
});

test("a frame of 8,192 bytes is read, a longer one is refused politely up to 16 KB, and cut beyond", async () => {
  const ping = (size: number) => `{"type":"ping","x":"${"x".repeat(size - 22)}"}`;
  const client = await newcomer();
  client.send(ping(8_192));
  await client.waitFor("pong");
  await expectRefusal(client, ping(8_193), "too_large");
  await expectRefusal(client, ping(16_384), "too_large");
  const raw = await openRaw(`${cluster.url("gateway-1")}/conversations/ws?token=${await cluster.token({ userId: lastUser })}`, V2);
  raw.send(clientFrame(ping(16_385)));
  expect(await endOf(raw)).toBe("cut");
});

test("a binary frame is of bad form", async () =>
  expectRefusal(await newcomer(), new TextEncoder().encode('{"type":"ping"}'), "bad_format"));

test.each(named(["", "null", "[]", '"x"', MARK, '\uFEFF{"type":"ping"}', "[".repeat(2_000), '{"type":"presence","state":"offline"}']))(
  "%s is of bad form",
  async (_name, text) => expectRefusal(await newcomer(), text, "bad_format"),
);

test.each(named(["{}", '{"type":7}', '{"type":"like"}', `{"type":"${"x".repeat(4_000)}"}`, '{"__proto__":{"type":"ping"}}']))(
  "%s has no type that is known",
  async (_name, text) => expectRefusal(await newcomer(), text, "unknown_type"),
);

test.each(named(["s1", "c0", "c01", "c9007199254740993", "../c1", 7, null]))("%s is no room", async (_name, bad) => {
  const client = await newcomer();
  await expectRefusal(client, { type: "join", room: bad }, "bad_id");
  const client_id = randomUUID();
  await expectRefusal(client, { type: "message", room: bad, client_id, message: MARK }, "bad_id", { client_id });
});

test.each<[ErrorCode, string, string]>([
  ["empty_message", "nothing", ""],
  ["empty_message", "invisible characters", "\u200B\u2060\u3164"],
  ["too_long", "2,001 characters", "x".repeat(2_001)],
  ["too_long", "6,004 bytes", "\u{1F600}".repeat(1_501)],
  ["bad_text", "a lone surrogate", "\uD800"],
  ["bad_text", "nine marks on a base", `z${"\u0301".repeat(9)}`],
])("%s answers a text of %s", async (code, _what, message) => {
  const client = await newcomer();
  const client_id = randomUUID();
  const own = rooms.get(client);
  await expectRefusal(client, { type: "message", room: own, client_id, message }, code, { room: own, client_id });
});

test("what a client says of itself is passed over, a text is text", async () => {
  const client = await newcomer();
  const own = rooms.get(client) ?? "";
  const message = `${MARK} <script>{p07}:x\r\nFLUSHALL\u001b[2J`;
  const lies = {
    user_id: 1,
    username: "boss",
    role: "admin",
    id: 7,
    conversation_id: 1,
    message_type: "note",
    attachment: { upload_id: "x" },
  };
  const { id } = await client.say(own, message, lies);
  const batch = await client.waitFor("batch");
  expect(batch.events).toMatchObject([
    {
      type: "new_message",
      message: {
        id,
        user_id: lastUser,
        username: `user${lastUser}`,
        role: "customer",
        message: `${MARK} <script>{p07}:x\nFLUSHALL[2J`,
        message_type: "text",
        attachment: null,
      },
    },
  ]);
});

test("a place that cannot be reached is a reset, and the fourth resume of a room in ten seconds is refused", async () => {
  const client = await newcomer();
  const own = rooms.get(client);
  const bad = [
    { epoch: "e", id: -1 },
    { epoch: "e", id: "7" },
    { epoch: "other", id: 7 },
  ];
  for (const since of bad) client.send({ type: "resume", room: own, since });
  await expect
    .poll(() => client.all("reset").map((frame) => [frame.room, frame.events]), { timeout: 5_000 })
    .toEqual(bad.map(() => [own, []]));
  await expectRefusal(client, { type: "resume", room: own, since: bad[0] }, "rate_limited", { room: own, retry_after_ms: 10_000 });
});

test("the third frame of bad form ends the socket; so does the sixty-first frame in ten seconds; mistakes of a person do not", async () => {
  const [clumsy, flood] = [await newcomer(), await newcomer()];
  for (let n = 0; n < 5; n += 1) await expectRefusal(clumsy, '{"type":"dance"}', "unknown_type");
  for (let n = 0; n < 3; n += 1) clumsy.send("no JSON");
  expect(await clumsy.closed).toEqual({ code: 1008, reason: "repeated bad frames" });
  for (let n = 0; n < 60; n += 1) flood.send({ type: "typing", room: rooms.get(flood), is_typing: n % 2 === 0 });
  expect(await flood.closed).toEqual({ code: 4029, reason: "too many frames" });
  expect(flood.all("error")).toEqual([]);
});

test("of six sockets of a user the oldest gives way, and those of live chats are no part of it", async () => {
  const { id } = await cluster.session();
  lastUser += 1;
  const userId = lastUser;
  const live = new WebSocket(`${cluster.socketUrl(id)}?token=${await cluster.token({ userId })}`);
  await new Promise((resolve) => live.addEventListener("open", resolve));
  const clients: ConversationClient[] = [];
  for (let n = 0; n < 6; n += 1) clients.push(await ConversationClient.join(cluster, { userId }));
  expect(await clients[0]?.closed).toEqual({ code: 4509, reason: "a newer socket of the same user took its place" });
  expect(live.readyState).toBe(WebSocket.OPEN);
  live.close();
});

test("sockets of conversations are one series of the metric, their rooms are counted by kind", async () => {
  expect(await metric(cluster, "drawchat_gateway_connections", 'room="conversations"')).toBeGreaterThan(1);
  expect(await metric(cluster, "drawchat_gateway_connections", 'room="c')).toBe(
    await metric(cluster, "drawchat_gateway_connections", 'room="conversations"'),
  );
  expect(await metric(cluster, "drawchat_gateway_rooms", 'kind="conversation"')).toBeGreaterThan(1);
  expect(await metric(cluster, "drawchat_gateway_rooms", 'kind="notes"')).toBe(0);
});

test("a room that was opened for nobody is closed again", async () => {
  const openRooms = () => metric(cluster, "drawchat_gateway_rooms", 'kind="conversation"');
  const client = await newcomer();
  const before = await openRooms();
  const others = `c${await addConversation(db, { members: [{ userId: 1 }] })}`;
  await expectRefusal(client, { type: "join", room: others }, "not_found", { room: others });
  expect(await openRooms()).toBe(before);
});

test("nothing of all this was shown to anybody else", () => {
  expect([watcher.messages(room), watcher.all("typing"), watcher.all("inbox")]).toEqual([[], [], []]);
});

test("the gateway took no harm", () => witness.expectUnharmed());
