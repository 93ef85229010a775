/** What a client may do is bounded: messages, frames, sockets, time. Each bound has its exact answer. */
import { randomUUID } from "node:crypto";
import { ERRORS } from "@drawchat/protocol/errors";
import { sessionRoom } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { type AnyServerFrame, type SocketEnd, TestClient } from "@drawchat/testkit/client";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { clientFrame, type RawSocket } from "@drawchat/testkit/raw-socket";
import { afterAll, beforeAll, expect, test } from "vitest";
import { endOf, framesOf, openRaw } from "../test/raw-chat.ts";
import { MARK, metric, Witness } from "../test/witness.ts";

const SOON = { timeout: 10_000 };

let cluster: Cluster;
let witness: Witness;
let sessionId: number;
let lastUser = 1_000;
let expiring: ReturnType<typeof letTokensExpire>;

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, env: { LOG_LEVEL: "debug", GATEWAY_CLOSE_SPREAD_MS: "600000" } });
  witness = await Witness.watch(cluster);
  sessionId = (await cluster.session()).id;
  expiring = letTokensExpire(); // takes 17 s: the other tests run meanwhile
});
afterAll(() => cluster.stop());

function newUser(): number {
  lastUser += 1;
  return lastUser;
}

async function join(userId: number, gateway: "gateway-1" | "gateway-2" = "gateway-1"): Promise<TestClient> {
  return TestClient.join(await cluster.clientOptions(sessionId, { userId, gateway }));
}

const isRefusal = (frame: AnyServerFrame) => frame.type === "error" && frame.code === "rate_limited";
const answersOf = (clients: readonly TestClient[]) =>
  clients.flatMap((client) => client.frames.filter((frame) => frame.type === "ack" || isRefusal(frame)));

test("of eleven messages in a minute ten are accepted, and a repetition costs nothing", async () => {
  const client = await join(newUser());
  const clientId = randomUUID();
  const first = await client.say(`${MARK} first`, clientId);
  for (let i = 0; i < 5; i++) client.send({ type: "message", client_id: clientId, message: `${MARK} first` });
  for (let i = 2; i <= 10; i++) await client.say(`${MARK} ${i}`);
  const eleventh = randomUUID();
  client.send({ type: "message", client_id: eleventh, message: `${MARK} 11` });
  expect(await client.waitFor("error")).toEqual({
    type: "error",
    code: "rate_limited",
    message: ERRORS.rate_limited.message,
    client_id: eleventh,
    retry_after_ms: expect.any(Number),
  });
  const { retry_after_ms: waitMs = 0 } = await client.waitFor("error");
  expect([waitMs > 50_000, waitMs <= 60_000]).toEqual([true, true]);
  client.send({ type: "message", client_id: clientId, message: `${MARK} first` });
  await client.waitForAny(() => client.frames.filter((frame) => frame.type === "ack" && frame.duplicate).length === 6);
  expect(client.frames.filter((frame) => frame.type === "ack" && frame.duplicate && frame.id !== first.id)).toEqual([]);
});

test("version 1 is told the same, without a client_id", async () => {
  const client = await TestClient.open({ ...(await cluster.clientOptions(sessionId, { userId: newUser() })), version: 1 });
  client.send({ type: "ping" }); // only eight frames may wait for the join
  await client.waitFor("pong");
  for (let i = 0; i < 11; i++) client.send({ type: "message", message: `${MARK} v1 ${i}` });
  expect(await client.waitFor("error")).toEqual({
    type: "error",
    code: "rate_limited",
    message: ERRORS.rate_limited.message,
    retry_after_ms: expect.any(Number),
  });
  await expect.poll(() => client.messages.filter((text) => text.startsWith(`${MARK} v1`)), SOON).toHaveLength(10);
});

test("two devices on each of two gateways have ten messages together", async () => {
  const userId = newUser();
  const clients = await Promise.all(
    (["gateway-1", "gateway-2", "gateway-1", "gateway-2"] as const).map((gateway) => join(userId, gateway)),
  );
  for (let i = 0; i < 8; i++) {
    for (const client of clients) client.send({ type: "message", client_id: randomUUID(), message: `${MARK} ${userId}` });
  }
  await expect.poll(() => answersOf(clients), SOON).toHaveLength(32);
  expect(answersOf(clients).filter((frame) => frame.type === "ack")).toHaveLength(10);
  const rows = cluster.database.db.selectFrom("live_chat_messages").select("id").where("user_id", "=", userId);
  await expect.poll(async () => (await rows.execute()).length, SOON).toBe(10);
});

test("a whole outbox may be sent again at once", async () => {
  const client = await join(newUser());
  for (let i = 0; i < 40; i++) client.send({ type: "message", client_id: randomUUID(), message: `${MARK} again ${i}`, resend: true });
  await expect.poll(() => answersOf([client]), SOON).toHaveLength(40);
  expect(answersOf([client]).filter(isRefusal)).toHaveLength(30);
});

const PING = clientFrame('{"type":"ping"}');
const pongsIn = (received: string) => framesOf(received).filter((frame) => frame.payload.includes('"pong"')).length;

/** A raw socket that is past its join, one ping spent: only eight frames may wait for the join. */
async function openListening(id = sessionId): Promise<RawSocket> {
  const raw = await openRaw(`${cluster.socketUrl(id)}?token=${await cluster.token({ userId: newUser() })}`);
  raw.send(PING);
  await raw.until((text) => pongsIn(text) === 1);
  return raw;
}

test.each<[string, Buffer]>([
  ["frame", PING],
  ["protocol ping", clientFrame("", { opcode: 9 })],
  ["protocol pong", clientFrame("", { opcode: 10 })],
  ["frame of bad bytes", clientFrame("", { opcode: 2 })],
])("the sixty-first frame in 10 s ends the socket, where it is a %s", async (_name, last) => {
  const raw = await openListening();
  raw.send(Buffer.concat(Array.from({ length: 59 }, () => PING)));
  await raw.until((text) => pongsIn(text) === 60);
  raw.send(last);
  expect(await endOf(raw)).toBe("4029 too many frames");
  expect(pongsIn(raw.received)).toBe(60);
});

test("a flood of a thousand pings in one packet is answered sixty times", async () => {
  const raw = await openListening();
  raw.send(Buffer.concat(Array.from({ length: 1_000 }, () => clientFrame("", { opcode: 9 }))));
  await raw.untilClosed();
  expect(framesOf(raw.received).filter((frame) => frame.opcode === 10).length).toBe(60); // the last by the library, before we count it
});

test("of six sockets of a user on a gateway the oldest gives way", async () => {
  const userId = newUser();
  const clients: TestClient[] = [];
  for (let i = 0; i < 5; i++) clients.push(await join(userId));
  const elsewhere = await join(userId, "gateway-2");
  clients.push(await TestClient.open({ ...(await cluster.clientOptions(sessionId, { userId })), version: 1 }));
  expect(await clients[0]?.closed).toEqual({ code: 4509, reason: "a newer socket of the same user took its place" });
  for (const client of [...clients.slice(1), elsewhere]) {
    client.send({ type: "ping" });
    await client.waitFor("pong");
    await client.close();
  }
});

test("before the opening and after the close nothing is accepted, and the socket stays", async () => {
  const before = await cluster.session({ opensInMs: 60_000 });
  const over = await cluster.session({ closesInMs: 3_000 });
  const [early, late] = await Promise.all(
    [before, over].map(async ({ id }) => TestClient.join(await cluster.clientOptions(id, { userId: newUser() }))),
  );
  await late?.waitFor("session", (frame) => frame.state === "closed");
  for (const client of [early, late]) {
    const clientId = randomUUID();
    client?.send({ type: "message", client_id: clientId, message: MARK });
    expect(await client?.waitFor("error")).toEqual({
      type: "error",
      code: "chat_closed",
      message: ERRORS.chat_closed.message,
      client_id: clientId,
    });
    client?.send({ type: "like" });
    await client?.waitFor("error", (frame) => frame.code === "chat_closed" && frame.client_id === undefined);
    client?.send({ type: "ping" });
    await client?.waitFor("pong");
  }
});

test("a newer token of the same user is taken; any other ends the socket", async () => {
  const userId = newUser();
  const bad = [
    await cluster.token({ userId: newUser() }),
    await cluster.token({ userId, nowMs: Date.now() - 120_000 }),
    await cluster.token({ userId, expiresInSeconds: -60 }),
    "no.token.atall",
  ];
  for (const token of bad) {
    const client = await join(userId);
    client.send({ type: "auth", token });
    expect((await client.closed).code).toBe(4501);
  }
  const client = await join(userId);
  client.send({ type: "auth", token: await cluster.token({ userId }) });
  client.send({ type: "ping" });
  await client.waitFor("pong");
});

test("a slow reader is let go, and nobody else misses anything", async () => {
  const { id } = await cluster.session();
  const reader = await TestClient.join(await cluster.clientOptions(id, { userId: newUser() }));
  const slow = await openListening(id);
  slow.pause();

  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  const flood = new Acceptor({
    redis,
    log: createLog("test", "silent"),
    limits: { session: 0, conversation: 0 },
    restoreRoom: async () => "unavailable",
  });
  const middle = `,"user_id":7,"username":"seven","profile_pic":null,"message":"${"\u{1F600}".repeat(500)}","message_type":"text","likes":0,"created_at":"`;
  const parts = ['{"type":"new_message","message":{"id":', middle, '","is_winner":false,"is_host":false}}'] as const;
  const slowSockets = () => metric(cluster, "drawchat_gateway_connections", `room="s${id}",version="1"`);
  let sent = 0;
  // The kernel keeps some megabytes for it before the gateway notices.
  for (; sent < 12_000 && (await slowSockets()) > 0; sent += 64) {
    const say = () => flood.submit({ room: sessionRoom(id), kind: "m", userId: 7, clientId: randomUUID(), parts });
    await Promise.all(Array.from({ length: 64 }, say));
  }
  redis.disconnect();
  expect(await slowSockets()).toBe(0);
  slow.destroy();

  await expect.poll(() => reader.messages.length, SOON).toBe(sent);
  const { upto } = await reader.waitFor("welcome");
  const batches = reader.frames.filter((frame) => frame.type === "batch");
  expect(batches.map((batch) => batch.after)).toEqual([upto, ...batches.slice(0, -1).map((batch) => batch.upto)]);
});

/** Sockets with tokens of 2 s: one of either version, and one that gets a newer token in time. */
async function letTokensExpire(): Promise<{ v1: TestClient; v2: TestClient; renewed: TestClient; ends: SocketEnd[]; lastedMs: number }> {
  const [one, two, three] = [newUser(), newUser(), newUser()];
  const short = (userId: number) => cluster.clientOptions(sessionId, { userId, expiresInSeconds: 2, gateway: "gateway-2" });
  const beganMs = performance.now();
  const v1 = await TestClient.open({ ...(await short(one)), version: 1 });
  const v2 = await TestClient.join(await short(two));
  const renewed = await TestClient.join(await short(three));
  await renewed.waitFor("token_expiring");
  renewed.send({ type: "auth", token: await cluster.token({ userId: three }) });
  const ends = await Promise.all([v1.closed, v2.closed]);
  return { v1, v2, renewed, ends, lastedMs: performance.now() - beganMs };
}

test("a token that ended closes its socket 15 s later, unless a newer one came", async () => {
  const { v1, v2, renewed, ends, lastedMs } = await expiring;
  expect(ends).toEqual([1, 2].map(() => ({ code: 4501, reason: "token expired" })));
  expect(lastedMs).toBeGreaterThan(15_000);
  expect(v2.frames.filter((frame) => frame.type === "token_expiring")).toHaveLength(1);
  expect(v1.frames.filter((frame) => frame.type !== "new_message")).toEqual([]);
  renewed.send({ type: "ping" });
  await renewed.waitFor("pong");
});

test("the gateway took no harm", () => witness.expectUnharmed());
