import { afterEach, beforeEach, expect, test } from "vitest";
import type { RoomEvents } from "./conversation-events.ts";
import type { ConversationRoom } from "./conversation-room.ts";
import { ConversationsClient, type ConversationsClientOptions } from "./conversations-client.ts";
import { type Peer, ScriptedServer } from "./scripted-server.ts";

let server: ScriptedServer;
let client: ConversationsClient;

beforeEach(async () => {
  server = await ScriptedServer.start();
});

afterEach(async () => {
  client.stop();
  await server.stop();
});

/** With `random: () => 0` every backoff is 0 ms, so that no test waits for a delay. */
function startClient(options: Partial<ConversationsClientOptions> = {}): ConversationsClient {
  client = new ConversationsClient({ url: server.url, token: "header.body.sign", random: () => 0, ...options });
  client.start();
  return client;
}

const ME = { user_id: 2, role: "customer", read_upto: 0, presence: "online" };
const ANN = { user_id: 1, role: "agent", read_upto: 0, presence: "online" };

function line(id: number, text = `line ${id}`, userId = 1): object {
  const person = { user_id: userId, username: "ann", profile_pic: null, role: "agent" };
  const rest = { message_type: "text", attachment: null, created_at: "2026-01-01T20:00:00.000Z", edited_at: null, deleted_at: null };
  return { type: "new_message", message: { id, conversation_id: 9, ...person, message: text, ...rest } };
}

/** The next socket, welcomed. */
async function welcomed(): Promise<Peer> {
  const peer = await server.accept();
  expect(await peer.next()).toEqual({ type: "hello" });
  peer.send({
    type: "welcome",
    user: { user_id: 2, username: "bob", profile_pic: null, role: "customer" },
    server_time: new Date().toISOString(),
    limits: { message_max_chars: 2_000, messages_per_minute: 120, frame_max_bytes: 8_192, rooms_max: 200 },
  });
  return peer;
}

function joined(peer: Peer, frame: { room?: string; recovered?: boolean; events?: object[]; members?: object[]; upto: number }): void {
  peer.send({ type: "joined", room: "c9", epoch: "e1", recovered: false, events: [], members: [ME, ANN], is_bot_on: false, ...frame });
}

/** The room `c9`, joined at `upto`, and what it showed since. */
async function joinedRoom(peer: Peer, upto: number): Promise<{ room: ConversationRoom; lines: string[]; resets: () => number }> {
  const room = client.room("c9");
  const lines: string[] = [];
  let resets = 0;
  room.on("message", ({ message }) => lines.push(message));
  room.on("reset", () => {
    resets += 1;
  });
  room.join();
  expect(await peer.next()).toEqual({ type: "join", room: "c9" });
  joined(peer, { upto });
  await handled(peer);
  return { room, lines, resets: () => resets };
}

/** Resolves once the client has handled everything sent to it so far. */
async function handled(peer: Peer): Promise<void> {
  const seen = new Promise<void>((resolve) => {
    const stop = client.on("refused", () => {
      stop();
      resolve();
    });
  });
  peer.send({ type: "error", code: "bad_format", message: "marker" });
  await seen;
}

function once<Name extends keyof RoomEvents>(
  room: ConversationRoom,
  name: Name,
  matches: (value: RoomEvents[Name]) => boolean = () => true,
): Promise<RoomEvents[Name]> {
  return new Promise((resolve) => {
    const stop = room.on(name, (value) => {
      if (!matches(value)) return;
      stop();
      resolve(value);
    });
  });
}

test("rooms are joined after the welcome, on one socket, and each has its own messages", async () => {
  startClient();
  const [talk, notes] = [client.room("c9"), client.room("n9")];
  const lines: string[] = [];
  talk.on("message", ({ message }) => lines.push(`talk: ${message}`));
  notes.on("message", ({ message }) => lines.push(`notes: ${message}`));
  talk.join();
  notes.join();
  const peer = await welcomed();
  expect(peer.path).toBe("/conversations/ws");
  expect([await peer.next(), await peer.next()]).toEqual([
    { type: "join", room: "c9" },
    { type: "join", room: "n9" },
  ]);
  joined(peer, { upto: 10, events: [line(10)] });
  joined(peer, { room: "n9", upto: 12, events: [line(12)] });
  peer.send({ type: "batch", room: "n9", after: 12, upto: 14, events: [line(14)] });
  peer.send({ type: "batch", room: "c9", after: 10, upto: 13, events: [line(13)] });
  await handled(peer);
  expect(lines).toEqual(["talk: line 10", "notes: line 12", "notes: line 14", "talk: line 13"]);
  expect(server.connections).toBe(1);
});

test("after a loss each room resumes at its own position, and unanswered messages go out again in it", async () => {
  startClient();
  const first = await welcomed();
  const { room, lines, resets } = await joinedRoom(first, 10);
  const sending = room.send({ text: "hello" });
  expect(await first.next()).toEqual({ type: "message", room: "c9", client_id: sending.clientId, message: "hello" });
  first.send({ type: "batch", room: "c9", after: 10, upto: 11, events: [line(11, "hello", 2)] });
  await once(room, "message");
  first.drop();

  const second = await welcomed();
  expect(await second.next()).toEqual({ type: "join", room: "c9", since: { epoch: "e1", id: 11 } });
  joined(second, { recovered: true, upto: 12, events: [line(12)] });
  expect(await second.next()).toMatchObject({ type: "message", room: "c9", client_id: sending.clientId, resend: true });
  second.send({ type: "ack", room: "c9", client_id: sending.clientId, id: 11, duplicate: true });
  second.send({ type: "stored", room: "c9", upto: 11 });
  expect(await sending.settled).toMatchObject({ id: 11, status: { state: "stored" } });
  expect(lines).toEqual(["hello", "line 12"]);
  expect(resets()).toBe(1);
});

test("a hole is asked for in its room", async () => {
  startClient();
  const peer = await welcomed();
  const { lines } = await joinedRoom(peer, 10);
  peer.send({ type: "batch", room: "c9", after: 12, upto: 13, events: [line(13)] });
  expect(await peer.next()).toEqual({ type: "resume", room: "c9", since: { epoch: "e1", id: 10 } });
  peer.send({ type: "batch", room: "c9", after: 10, upto: 12, events: [line(11), line(12)] });
  await handled(peer);
  expect(lines).toEqual(["line 11", "line 12", "line 13"]);
});

test("edits, tombstones and participants come in their order", async () => {
  startClient();
  const peer = await welcomed();
  const { room } = await joinedRoom(peer, 10);
  const seen: string[] = [];
  room.on("message", ({ id }) => seen.push(`message ${id}`));
  room.on("edit", ({ id }) => seen.push(`edit of ${id}`));
  room.on("delete", (event) => seen.push(`delete of ${event.message_id}`));
  room.on("member", ({ username, joined: isIn }) => seen.push(`${username} ${isIn ? "in" : "out"}`));
  const { message } = JSON.parse(JSON.stringify(line(11)));
  const events = [
    line(11),
    { type: "member", id: 12, user_id: 5, username: "eve", role: "agent", joined: true },
    { type: "edit", id: 13, message },
    { type: "delete", id: 14, message_id: 11 },
    { type: "sparkle", id: 15 },
  ];
  peer.send({ type: "batch", room: "c9", after: 10, upto: 15, events });
  await handled(peer);
  expect(seen).toEqual(["message 11", "eve in", "edit of 11", "delete of 11"]);
  expect(room.position?.id).toBe(15);
});

test("a room that is not there is out, and its messages have failed", async () => {
  startClient();
  const peer = await welcomed();
  const room = client.room("c9");
  const sending = room.send({ text: "hello" });
  await peer.next();
  peer.send({ type: "error", room: "c9", code: "not_found", message: "There is no such thing here." });
  expect((await sending.settled).status).toEqual({ state: "failed", code: "not_found", retryable: false });
  expect(room.state).toEqual({ name: "out", reason: "not_found" });
});

test("a join that is refused for now is tried again", async () => {
  startClient();
  const peer = await welcomed();
  client.room("c9").join();
  await peer.next();
  peer.send({ type: "error", room: "c9", code: "unavailable", message: "later", retry_after_ms: 5 });
  expect(await peer.next()).toEqual({ type: "join", room: "c9" });
});

test("who is removed stays out after a reconnect, until asked back", async () => {
  startClient();
  const first = await welcomed();
  const { room } = await joinedRoom(first, 10);
  first.send({ type: "left", room: "c9", reason: "removed" });
  await once(room, "state");
  expect(room.state).toEqual({ name: "out", reason: "removed" });
  first.drop();
  const second = await welcomed();
  await handled(second);
  expect(second.unread).toBe(0);
  room.join();
  expect(await second.next()).toEqual({ type: "join", room: "c9" });
});

test("a room is left only when its own messages are stored", async () => {
  startClient();
  const peer = await welcomed();
  const { room } = await joinedRoom(peer, 10);
  const { clientId } = room.send({ text: "last words" });
  room.leave();
  expect((await peer.next()).type).toBe("message");
  peer.send({ type: "ack", room: "c9", client_id: clientId, id: 11 });
  await handled(peer);
  expect(peer.unread).toBe(0);
  peer.send({ type: "stored", room: "c9", upto: 11 });
  expect(await peer.next()).toEqual({ type: "leave", room: "c9" });
});

test("who comes back to a room that was left gets the latest events anew", async () => {
  startClient();
  const peer = await welcomed();
  const { room, lines, resets } = await joinedRoom(peer, 10);
  room.leave();
  expect(await peer.next()).toEqual({ type: "leave", room: "c9" });
  peer.send({ type: "left", room: "c9", reason: "asked" });
  room.join();
  expect(await peer.next()).toEqual({ type: "join", room: "c9" });
  joined(peer, { upto: 11, events: [line(11)] });
  await handled(peer);
  expect(lines).toEqual(["line 11"]);
  expect(resets()).toBe(2);
});

test("read marks go out once a second at most, the highest alone, and again where they were lost", async () => {
  let now = 1_000_000;
  startClient({ now: () => now });
  const first = await welcomed();
  const { room } = await joinedRoom(first, 10);
  for (const upto of [5, 7, 6]) room.markRead(upto);
  expect(await first.next()).toEqual({ type: "read", room: "c9", upto: 5 });
  await handled(first);
  expect(first.unread).toBe(0);
  now += 1_000;
  await handled(first);
  expect(await first.next()).toEqual({ type: "read", room: "c9", upto: 7 });
  now += 1_000;
  first.drop();
  const second = await welcomed();
  await second.next();
  joined(second, { recovered: true, upto: 10, members: [{ ...ME, read_upto: 5 }] });
  expect(await second.next()).toEqual({ type: "read", room: "c9", upto: 7 });
});

test("read marks of the others move forward only", async () => {
  startClient();
  const peer = await welcomed();
  const { room } = await joinedRoom(peer, 10);
  for (const upto of [8, 9, 7]) peer.send({ type: "read", room: "c9", user_id: 1, upto });
  await handled(peer);
  expect(room.members.get(1)?.read_upto).toBe(9);
});

test("a typing mark is renewed every three seconds at most, and ended once", async () => {
  let now = 1_000_000;
  startClient({ now: () => now });
  const peer = await welcomed();
  const { room } = await joinedRoom(peer, 10);
  for (const waitMs of [0, 1_000, 2_199, 1]) {
    now += waitMs;
    room.typingNow();
  }
  room.typingNow(false);
  room.typingNow(false);
  await handled(peer);
  const mark = { type: "typing", room: "c9" };
  expect([await peer.next(), await peer.next(), await peer.next()]).toEqual([
    { ...mark, is_typing: true },
    { ...mark, is_typing: true },
    { ...mark, is_typing: false },
  ]);
  expect(peer.unread).toBe(0);
});

test("after a message a mark goes out no sooner than its turn, and the end of one that was not told is not told", async () => {
  let now = 1_000_000;
  startClient({ now: () => now });
  const peer = await welcomed();
  const { room } = await joinedRoom(peer, 10);
  room.typingNow();
  room.send({ text: "hello" });
  room.typingNow();
  room.typingNow(false);
  now += 3_200;
  room.typingNow();
  await handled(peer);
  const types = [await peer.next(), await peer.next(), await peer.next()].map(({ type, is_typing }) => [type, is_typing]);
  expect(types).toEqual([
    ["typing", true],
    ["message", undefined],
    ["typing", true],
  ]);
  expect(peer.unread).toBe(0);
});

test("a typing mark ends by itself, by its end, by the message, and by a loss; one's own is not shown", async () => {
  startClient();
  const peer = await welcomed();
  const { room } = await joinedRoom(peer, 10);
  const typing = (userId: number, expiresInMs = 60_000, isTyping = true) =>
    peer.send({ type: "typing", room: "c9", user_id: userId, is_typing: isTyping, expires_in_ms: expiresInMs });
  typing(1, 10);
  await once(room, "typing", (userIds) => userIds.has(1));
  await once(room, "typing", (userIds) => userIds.size === 0);
  typing(2);
  typing(1);
  typing(3);
  typing(4);
  typing(3, 60_000, false);
  peer.send({ type: "batch", room: "c9", after: 10, upto: 11, events: [line(11)] });
  await handled(peer);
  expect([...room.typing]).toEqual([4]);
  peer.drop();
  await once(room, "typing", (userIds) => userIds.size === 0);
});

test("presence reaches the members of each room, and one's own is told anew after a reconnect", async () => {
  startClient();
  const first = await welcomed();
  const { room } = await joinedRoom(first, 10);
  client.setPresence("away");
  expect(await first.next()).toEqual({ type: "presence", state: "away" });
  first.send({ type: "presence", user_id: 1, state: "offline", last_seen_at: "2026-01-01T20:00:00.000Z" });
  await handled(first);
  expect(room.members.get(1)?.presence).toBe("offline");
  first.drop();
  const second = await welcomed();
  expect(await second.next()).toEqual({ type: "presence", state: "away" });
});

test("an attachment and the condition of a message travel with it, also after a reload", async () => {
  const saved = new Map<string, string>();
  const storage = { getItem: (key: string) => saved.get(key) ?? null, setItem: (key: string, value: string) => void saved.set(key, value) };
  const attachment = { upload_id: crypto.randomUUID(), name: "a.png", content_type: "image/png", size_bytes: 5, width: 1, height: 1 };
  startClient({ storage });
  const { clientId } = client.room("c9").send({ text: "", attachment, ifLastId: 10 });
  client.stop();

  startClient({ storage });
  const peer = await welcomed();
  expect(await peer.next()).toEqual({ type: "join", room: "c9" });
  joined(peer, { upto: 10 });
  const { upload_id } = attachment;
  expect(await peer.next()).toEqual({ type: "message", room: "c9", client_id: clientId, message: "", upload_id, if_last_id: 10 });
  peer.send({ type: "ack", room: "c9", client_id: clientId, id: 11 });
  peer.send({ type: "stored", room: "c9", upto: 11 });
  expect(await peer.next()).toEqual({ type: "leave", room: "c9" });
  expect([...saved.values()]).toEqual(["{}"]);
});

test("the list is told of changes, of what is gone, and that it is to be read anew", async () => {
  startClient();
  const seen: unknown[] = [];
  client.on("inbox", ({ id, version }) => seen.push([id, version]));
  client.on("inboxRemoved", (id) => seen.push(id));
  client.on("inboxStale", () => seen.push("stale"));
  const peer = await welcomed();
  peer.send({ type: "inbox", conversation: { id: 9, version: 3 } });
  peer.send({ type: "inbox_removed", conversation_id: 9 });
  peer.send({ type: "inbox_stale" });
  await handled(peer);
  expect(seen).toEqual([[9, 3], 9, "stale"]);
});

test("joins are paced below the server's frame budget", async () => {
  let now = 1_000_000;
  startClient({ now: () => now });
  const peer = await welcomed();
  for (let i = 1; i <= 45; i += 1) client.room(`c${i}`).join();
  for (let i = 1; i <= 40; i += 1) expect(await peer.next()).toEqual({ type: "join", room: `c${i}` });
  await handled(peer);
  expect(peer.unread).toBe(0);
  now += 10_000;
  await handled(peer);
  expect(await peer.next()).toEqual({ type: "join", room: "c41" });
});
