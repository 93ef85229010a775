import { afterEach, beforeEach, expect, test } from "vitest";
import { ChatClient, type ChatClientOptions } from "./chat-client.ts";
import type { ChatEvents, ConnectionState } from "./chat-events.ts";
import { type Peer, ScriptedServer } from "./scripted-server.ts";

let server: ScriptedServer;
let client: ChatClient;

beforeEach(async () => {
  server = await ScriptedServer.start();
});

afterEach(async () => {
  client.stop();
  await server.stop();
});

/** With `random: () => 0` every backoff is 0 ms, so that no test waits for a delay. */
function startClient(options: Partial<ChatClientOptions> = {}): { lines: string[]; states: string[]; resets: () => number } {
  client = new ChatClient({ url: server.url, sessionId: 42, token: "header.body.sign", random: () => 0, ...options });
  const lines: string[] = [];
  const states: string[] = [];
  let resets = 0;
  client.on("message", (message) => lines.push(message.message));
  client.on("state", (state) => states.push(state.name));
  client.on("reset", () => {
    resets += 1;
  });
  client.start();
  return { lines, states, resets: () => resets };
}

function line(id: number, text = `line ${id}`): object {
  const person = { user_id: 1, username: "ann", profile_pic: null, is_winner: false, is_host: false };
  return {
    type: "new_message",
    message: { id, ...person, message: text, message_type: "text", likes: 0, created_at: "2026-01-01T20:00:00.000Z" },
  };
}

const SESSION = {
  session_id: 42,
  state: "open",
  opens_at: "2026-01-01T19:00:00.000Z",
  closes_at: "2026-01-01T21:00:00.000Z",
  draw_at: "2026-01-01T20:00:00.000Z",
};

function welcome(peer: Peer, frame: { epoch?: string; recovered?: boolean; events?: object[]; upto: number }): void {
  peer.send({
    type: "welcome",
    session: SESSION,
    user: { user_id: 2, username: "bob", profile_pic: null, is_host: false },
    epoch: "e1",
    recovered: false,
    events: [],
    server_time: new Date().toISOString(),
    limits: { message_max_chars: 500, messages_per_minute: 10, frame_max_bytes: 4096, history: 100 },
    ...frame,
  });
}

/** The next socket, welcomed at `upto`. */
async function acceptAndWelcome(upto: number): Promise<Peer> {
  const peer = await server.accept();
  await peer.next();
  welcome(peer, { upto });
  return peer;
}

function whenState<Name extends ConnectionState["name"]>(name: Name): Promise<ConnectionState> {
  return client.state.name === name ? Promise.resolve(client.state) : once("state", (state) => state.name === name);
}

function once<Name extends keyof ChatEvents>(
  name: Name,
  matches: (value: ChatEvents[Name]) => boolean = () => true,
): Promise<ChatEvents[Name]> {
  return new Promise((resolve) => {
    const stop = client.on(name, (value) => {
      if (!matches(value)) return;
      stop();
      resolve(value);
    });
  });
}

/** Resolves once the client has handled everything sent to it so far. */
async function handled(peer: Peer): Promise<void> {
  const seen = once("refused");
  peer.send({ type: "error", code: "bad_format", message: "marker" });
  await seen;
}

test("the token travels as a subprotocol and hello comes first", async () => {
  startClient();
  const peer = await server.accept();
  expect(peer.path).toBe("/live-chat/ws/42");
  expect(peer.protocols).toEqual(["drawchat.v2", "bearer.header.body.sign"]);
  expect(await peer.next()).toEqual({ type: "hello" });
});

test("a message whose acknowledgement was lost is sent again under the same client_id and shown once", async () => {
  const { lines } = startClient();
  const first = await acceptAndWelcome(10);
  const sending = client.send("hello");
  expect(await first.next()).toEqual({ type: "message", client_id: sending.clientId, message: "hello" });
  first.send({ type: "batch", after: 10, upto: 11, events: [line(11, "hello")] });
  await once("message");
  first.drop();

  const second = await server.accept();
  expect(await second.next()).toEqual({ type: "hello", since: { epoch: "e1", id: 11 } });
  welcome(second, { recovered: true, upto: 11 });
  expect(await second.next()).toEqual({ type: "message", client_id: sending.clientId, message: "hello", resend: true });
  second.send({ type: "ack", client_id: sending.clientId, id: 11, duplicate: true });
  second.send({ type: "stored", upto: 11 });
  expect(await sending.settled).toMatchObject({ id: 11, status: { state: "stored" } });
  expect(lines).toEqual(["hello"]);
});

test("a hole is asked for at once, and what waited follows in order", async () => {
  const { lines } = startClient();
  const peer = await acceptAndWelcome(10);
  peer.send({ type: "batch", after: 12, upto: 13, events: [line(13)] });
  expect(await peer.next()).toEqual({ type: "resume", since: { epoch: "e1", id: 10 } });
  peer.send({ type: "batch", after: 10, upto: 11, events: [line(11)] });
  peer.send({ type: "batch", after: 11, upto: 12, events: [line(12)] });
  await handled(peer);
  expect(lines).toEqual(["line 11", "line 12", "line 13"]);
});

test("a tip above the position that no event follows is asked for after a second", async () => {
  let now = 1_000_000;
  startClient({ now: () => now });
  const peer = await acceptAndWelcome(10);
  peer.send({ type: "tip", upto: 12 });
  await handled(peer);
  expect(peer.unread).toBe(0);
  now += 1_000;
  peer.send({ type: "counts", viewers: 3 });
  expect(await peer.next()).toEqual({ type: "resume", since: { epoch: "e1", id: 10 } });
});

test("a repeated batch is shown once", async () => {
  const { lines } = startClient();
  const peer = await acceptAndWelcome(10);
  const batch = { type: "batch", after: 10, upto: 11, events: [line(11)] };
  peer.send(batch);
  peer.send(batch);
  await handled(peer);
  expect(lines).toEqual(["line 11"]);
});

test("a reset forgets the lines and sends again only what is not stored", async () => {
  const { lines, resets } = startClient();
  const peer = await acceptAndWelcome(10);
  const stored = client.send("stored");
  const accepted = client.send("accepted");
  await peer.next();
  await peer.next();
  peer.send({ type: "ack", client_id: stored.clientId, id: 11 });
  peer.send({ type: "ack", client_id: accepted.clientId, id: 12 });
  peer.send({ type: "stored", upto: 11 });
  peer.send({ type: "reset", epoch: "e2", events: [line(5)], upto: 5 });
  peer.send({ type: "batch", after: 5, upto: 6, events: [line(6)] });
  expect(await peer.next()).toEqual({ type: "message", client_id: accepted.clientId, message: "accepted", resend: true });
  await handled(peer);
  expect(peer.unread).toBe(0);
  expect(resets()).toBe(1);
  expect(lines).toEqual(["line 5", "line 6"]);
  expect(client.position).toEqual({ epoch: "e2", id: 6 });
});

test("a return out of reach forgets the lines and sends the unstored ones again", async () => {
  const { resets } = startClient();
  const first = await acceptAndWelcome(10);
  const sending = client.send("hello");
  await first.next();
  first.send({ type: "ack", client_id: sending.clientId, id: 11 });
  await sending.accepted;
  first.drop();
  const second = await acceptAndWelcome(5_000);
  expect(await second.next()).toEqual({ type: "message", client_id: sending.clientId, message: "hello", resend: true });
  expect(resets()).toBe(1);
});

test("messages queued while away go out in the order in which they were written", async () => {
  startClient();
  const first = await acceptAndWelcome(10);
  client.send("one");
  await first.next();
  first.drop();
  await whenState("reconnecting");
  client.send("two");
  client.send("three");
  const second = await acceptAndWelcome(10);
  const texts = [await second.next(), await second.next(), await second.next()].map((frame) => [frame.message, frame.resend]);
  expect(texts).toEqual([
    ["one", true],
    ["two", undefined],
    ["three", undefined],
  ]);
});

test("after a final code it stays closed, and says why", async () => {
  const { states } = startClient();
  const peer = await acceptAndWelcome(10);
  peer.end(4503, "banned or forbidden");
  expect(await whenState("closed")).toEqual({ name: "closed", code: 4503, reason: "banned or forbidden" });
  expect(states).toEqual(["connecting", "open", "closed"]);
  expect(server.connections).toBe(1);
});

test("a code that may come back does, with growing random delays", async () => {
  const now = 1_000_000;
  const delays: number[] = [];
  startClient({ now: () => now, random: () => 0.02 });
  client.on("state", (state) => {
    if (state.name === "reconnecting") delays.push(state.retryAt - now);
  });
  for (let i = 0; i < 3; i += 1) (await acceptAndWelcome(10)).end(4029, "too many frames");
  await acceptAndWelcome(10);
  expect(delays).toEqual([10, 20, 40]);
});

test("a reconnect frame names the delay", async () => {
  const now = 1_000_000;
  startClient({ now: () => now });
  const peer = await acceptAndWelcome(10);
  peer.send({ type: "reconnect", after_ms: 30 });
  peer.end(1012, "gateway is restarting");
  expect(await whenState("reconnecting")).toMatchObject({ retryAt: now + 30 });
  const second = await server.accept();
  expect(await second.next()).toEqual({ type: "hello", since: { epoch: "e1", id: 10 } });
});

test("asked to move, it leaves an open socket when its time has come", async () => {
  startClient();
  const peer = await acceptAndWelcome(10);
  peer.send({ type: "reconnect", after_ms: 20 });
  const second = await server.accept();
  expect(await second.next()).toEqual({ type: "hello", since: { epoch: "e1", id: 10 } });
});

test("too early, it waits for the opening and comes back", async () => {
  startClient();
  const early = await server.accept();
  const opensAt = Date.now() + 80;
  early.end(4504, `opens_at=${new Date(opensAt).toISOString()}`);
  expect(await whenState("waiting")).toEqual({ name: "waiting", opensAt });
  await acceptAndWelcome(10);
  await whenState("open");
  expect(Date.now()).toBeGreaterThanOrEqual(opensAt - 5);
});

test("rate_limited comes to the person with the time to wait, and a retry keeps the client_id", async () => {
  startClient();
  const peer = await acceptAndWelcome(10);
  const sending = client.send("too fast");
  await peer.next();
  peer.send({ type: "error", code: "rate_limited", message: "Too many", client_id: sending.clientId, retry_after_ms: 4_000 });
  const failed = await sending.settled;
  expect(failed.status).toEqual({ state: "failed", code: "rate_limited", retryable: true, retryAfterMs: 4_000 });
  client.retry(sending.clientId);
  expect(await peer.next()).toEqual({ type: "message", client_id: sending.clientId, message: "too fast" });
});

test("a connection that has gone silent is given up and opened again", async () => {
  startClient({ silenceMs: 40 });
  const peer = await server.accept();
  peer.answersPings = false;
  const second = await server.accept();
  expect(await second.next()).toEqual({ type: "hello" });
});

test("a token about to end is renewed on the open socket", async () => {
  const tokens = ["old.old.old", "new.new.new"];
  startClient({ getToken: () => Promise.resolve(tokens.shift() ?? "none") });
  const peer = await acceptAndWelcome(10);
  peer.send({ type: "token_expiring", at: new Date().toISOString() });
  expect(await peer.next()).toEqual({ type: "auth", token: "new.new.new" });
});

test("a token that ended on a welcomed socket is asked for anew, a bad one is final", async () => {
  startClient({ getToken: () => Promise.resolve("a.b.c") });
  (await acceptAndWelcome(10)).end(4501, "token missing, bad, expired or revoked");
  const second = await server.accept();
  second.end(4501, "token missing, bad, expired or revoked");
  expect(await whenState("closed")).toMatchObject({ code: 4501 });
});

test("a token that cannot be had now is asked for again", async () => {
  let asked = 0;
  startClient({
    getToken: () => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error("offline")) : Promise.resolve("a.b.c");
    },
  });
  await acceptAndWelcome(10);
  expect(asked).toBe(2);
});

test("a token that cannot travel in a header is final", async () => {
  startClient({ token: "not a token" });
  expect(await whenState("closed")).toMatchObject({ code: 4501 });
});

test("a message sent before the first connection goes out after the welcome", async () => {
  startClient();
  const { clientId } = client.send("early");
  const peer = await acceptAndWelcome(10);
  expect(await peer.next()).toEqual({ type: "message", client_id: clientId, message: "early" });
});

test("a message that the server withdraws is failed for good", async () => {
  startClient();
  const peer = await acceptAndWelcome(10);
  const sending = client.send("hello");
  await peer.next();
  peer.send({ type: "ack", client_id: sending.clientId, id: 11 });
  peer.send({ type: "rejected", client_id: sending.clientId, code: "not_stored" });
  expect((await sending.settled).status).toEqual({ state: "failed", code: "not_stored", retryable: false });
});

test("unstored messages outlive the page in a storage", async () => {
  const saved = new Map<string, string>();
  const storage = { getItem: (key: string) => saved.get(key) ?? null, setItem: (key: string, value: string) => void saved.set(key, value) };
  startClient({ storage });
  const peer = await acceptAndWelcome(10);
  const { clientId } = client.send("before the reload");
  await peer.next();
  client.stop();
  startClient({ storage });
  const second = await acceptAndWelcome(10);
  expect(await second.next()).toEqual({ type: "message", client_id: clientId, message: "before the reload", resend: true });
});

test("a long outbox is paced below the server's frame budget", async () => {
  let now = 1_000_000;
  startClient({ now: () => now });
  for (let i = 0; i < 45; i += 1) client.send(`message ${i}`);
  const peer = await acceptAndWelcome(10);
  for (let i = 0; i < 40; i += 1) {
    const { client_id, message } = await peer.next();
    expect(message).toBe(`message ${i}`);
    peer.send({ type: "ack", client_id, id: 11 + i });
  }
  await handled(peer);
  expect(peer.unread).toBe(0);
  now += 10_000;
  peer.send({ type: "counts", viewers: 1 });
  expect((await peer.next()).message).toBe("message 40");
});

test("frames that are not understood change nothing", async () => {
  const { lines, states } = startClient();
  const peer = await acceptAndWelcome(10);
  for (const frame of [{ type: "sparkle" }, { type: "batch", upto: "x" }, { type: "ack" }, { nothing: 1 }]) peer.send(frame);
  await handled(peer);
  expect(lines).toEqual([]);
  expect(states).toEqual(["connecting", "open"]);
});
