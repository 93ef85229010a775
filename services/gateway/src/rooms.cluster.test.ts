/** Rooms over real gateways: windows, resume, repair, viewers, commands, drain. */

import { randomUUID } from "node:crypto";
import { MAX_MESSAGE_CHARS } from "@drawchat/protocol/frames";
import { partitionOfRoom, sessionRoom } from "@drawchat/protocol/ids";
import { commandClient } from "@drawchat/redis/connect";
import { publishControl } from "@drawchat/redis/control";
import { keys } from "@drawchat/redis/keys";
import { createLog } from "@drawchat/runtime/log";
import { TestClient } from "@drawchat/testkit/client";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { flushAll, tellNodes } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeAll, expect, test } from "vitest";

let cluster: Cluster;
let loss: ReturnType<typeof loseGateway>;
const log = createLog("test", "silent");

beforeAll(async () => {
  cluster = await startCluster({ gateways: 3, env: { LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0", GATEWAY_CLOSE_SPREAD_MS: "500" } });
  loss = loseGateway(); // takes 14 s: the other tests run meanwhile
});
afterAll(() => cluster.stop());

async function withRedis<T>(use: (redis: ReturnType<typeof commandClient>) => Promise<T>): Promise<T> {
  const redis = commandClient(cluster.redis.url, "test", log);
  await redis.connect();
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** The places of all frames that carry events, as the client got them. */
function chainOf(client: TestClient): { after: number; upto: number }[] {
  return client.frames.flatMap((frame) => (frame.type === "batch" ? [{ after: frame.after, upto: frame.upto }] : []));
}

function expectUnbroken(client: TestClient): void {
  const chain = chainOf(client);
  const start = client.frames.find((frame) => frame.type === "welcome");
  expect(chain.map(({ after }) => after)).toEqual([start?.upto, ...chain.slice(0, -1).map(({ upto }) => upto)]);
}

test("a resume gets exactly what was missed, in frames of at most 16 KB, chained without a hole", async () => {
  const { id } = await cluster.session();
  const options = await cluster.clientOptions(id);
  const talker = await TestClient.join(options);
  const first = await talker.say("first");
  const { epoch } = await talker.waitFor("welcome");
  const long = "x".repeat(MAX_MESSAGE_CHARS);
  const talkers = await Promise.all([2, 3, 4].map(async (userId) => TestClient.join(await cluster.clientOptions(id, { userId }))));
  for (let n = 0; n < 40; n += 1) await Promise.all(talkers.map((one) => one.say(`${n} ${long}`.slice(0, MAX_MESSAGE_CHARS))));
  const last = await talker.say("last");

  const back = await TestClient.join(await cluster.clientOptions(id, { userId: 9, gateway: "gateway-2" }), { epoch, id: first.id });
  await back.waitForMessage("last");
  const welcome = await back.waitFor("welcome");
  expect(welcome.recovered).toBe(true);
  expect(back.messages).toHaveLength(121);
  expect(back.messages[0]?.startsWith("0 xxx")).toBe(true);
  expectUnbroken(back);
  expect(chainOf(back).at(-1)?.upto).toBe(last.id);
  for (const frame of back.frames) expect(JSON.stringify(frame).length).toBeLessThan(17_500);
});

test("a place of another epoch, of the future or between two events is out of reach: the last 100 come instead", async () => {
  const { id } = await cluster.session();
  const talker = await TestClient.join(await cluster.clientOptions(id));
  for (let n = 0; n < 3; n += 1) await talker.say(`m${n}`);
  const ack = await talker.say("m3");
  const { epoch } = await talker.waitFor("welcome");
  for (const since of [
    { epoch: "other", id: ack.id },
    { epoch, id: ack.id + 64 },
    { epoch, id: ack.id - 1 }, // 64 before may be an event of the same millisecond
  ]) {
    const client = await TestClient.join(await cluster.clientOptions(id, { userId: 2, gateway: "gateway-2" }), since);
    const welcome = await client.waitFor("welcome");
    expect(welcome.recovered).toBe(false);
    expect(client.messages).toEqual(["m0", "m1", "m2", "m3"]);
    await client.close();
  }
});

test("resume on an open socket fills what is missing, or resets; the fourth in ten seconds is refused", async () => {
  const { id } = await cluster.session();
  const talker = await TestClient.join(await cluster.clientOptions(id, { userId: 77 }));
  const first = await talker.say("a");
  await talker.say("b");
  await talker.waitForMessage("b");
  const { epoch } = await talker.waitFor("welcome");
  const before = talker.frames.length;
  talker.send({ type: "resume", since: { epoch, id: first.id } });
  await talker.waitFor("tip", (frame) => talker.frames.indexOf(frame) >= before);
  expect(talker.messages).toEqual(["a", "b", "b"]);
  talker.send({ type: "resume", since: { epoch: "other", id: first.id } });
  const reset = await talker.waitFor("reset");
  expect(reset.events.map((event) => event.type === "new_message" && event.message.message)).toEqual(["a", "b"]);
  await talker.say("after the reset");
  await talker.waitForMessage("after the reset");
  talker.send({ type: "resume", since: { epoch, id: first.id } });
  talker.send({ type: "resume", since: { epoch, id: first.id } });
  await talker.waitFor("error", (frame) => frame.code === "rate_limited" && (frame.retry_after_ms ?? 0) > 0);
});

test("killing every subscription under load makes no hole", async () => {
  const { id } = await cluster.session();
  const [a, b] = await Promise.all([
    TestClient.join(await cluster.clientOptions(id, { userId: 1 })),
    TestClient.join(await cluster.clientOptions(id, { userId: 2, gateway: "gateway-2" })),
  ]);
  const talkers = await Promise.all([3, 4, 5, 6].map(async (userId) => TestClient.join(await cluster.clientOptions(id, { userId }))));
  await withRedis(async (redis) => {
    for (let n = 0; n < 50; n += 1) {
      await Promise.all(talkers.map((one) => one.say(`${n}`)));
      if (n % 10 === 5) await tellNodes(redis, "CLIENT", "KILL", "TYPE", "pubsub");
    }
  });
  const last = await talkers[0]?.say("last");
  for (const client of [a, b]) {
    await client.waitForMessage("last");
    expect(client.messages).toHaveLength(201);
    expectUnbroken(client);
    expect(chainOf(client).at(-1)?.upto).toBe(last?.id);
    expect(client.frames.filter((frame) => frame.type === "reset")).toEqual([]);
  }
});

/** What accept would have written for a message, without its publication. */
async function loseOnTheWay(sessionId: number, text: string): Promise<void> {
  const room = sessionRoom(sessionId);
  await withRedis(async (redis) => {
    const [last = 0] = (await redis.hmget(keys.clock(partitionOfRoom(room)), "last")).map(Number);
    const upto = Number(await redis.hget(keys.room(room), "upto"));
    const lost = last + 64;
    const body = JSON.stringify({ type: "new_message", message: { id: lost, message: text } });
    const publication = `E ${room} ${upto} ${lost} 0 1\n${lost} m 0 ${body.length} 1 ${randomUUID()}\n${body}`;
    await redis.xadd(keys.history(room), `${lost}-0`, "p", publication, "n", "1");
    await redis.hset(keys.clock(partitionOfRoom(room)), "last", String(lost));
    await redis.hset(keys.room(room), "upto", String(lost));
  });
}

test("a publication that does not follow brings what is missing before it", async () => {
  const { id } = await cluster.session();
  const listener = await TestClient.join(await cluster.clientOptions(id, { userId: 2, gateway: "gateway-2" }));
  const talker = await TestClient.join(await cluster.clientOptions(id, { userId: 1 }));
  await talker.say("seen");
  await loseOnTheWay(id, "lost");
  await talker.say("next");
  await listener.waitForMessage("next");
  expect(listener.messages).toEqual(["seen", "lost", "next"]);
  expectUnbroken(listener);
});

test("a last message whose publication was lost is found by the tip check", { timeout: 20_000 }, async () => {
  const { id } = await cluster.session();
  const listener = await TestClient.join(await cluster.clientOptions(id, { userId: 2, gateway: "gateway-2" }));
  const talker = await TestClient.join(await cluster.clientOptions(id, { userId: 1 }));
  await talker.say("seen");
  await listener.waitForMessage("seen");
  await loseOnTheWay(id, "lost");
  await listener.waitForMessage("lost");
  expectUnbroken(listener);
});

test("likes that came while a client was away are told when it comes back", async () => {
  const { id } = await cluster.session();
  const talker = await TestClient.join(await cluster.clientOptions(id, { userId: 1 }));
  const liked = await talker.say("like me");
  const { epoch } = await talker.waitFor("welcome");
  talker.send({ type: "like", message_id: liked.id });
  await talker.waitFor("counts", (frame) => frame.likes?.[liked.id] === 1);
  const back = await TestClient.join(await cluster.clientOptions(id, { userId: 2 }), { epoch, id: liked.id });
  const counts = await back.waitFor("counts");
  expect(counts.likes).toEqual({ [liked.id]: 1 });
});

test("a command ends every socket of a user on every gateway, also where its publication was lost", async () => {
  const { id } = await cluster.session();
  for (const isLost of [false, true]) {
    const sockets = await Promise.all(
      (["gateway-1", "gateway-2"] as const).map(async (gateway) =>
        TestClient.join(await cluster.clientOptions(id, { userId: 5, gateway })),
      ),
    );
    const other = await TestClient.join(await cluster.clientOptions(id, { userId: 6 }));
    await withRedis(async (redis) => {
      const command = { type: "end_user", user_id: 5, code: 4503, reason: "banned" } as const;
      if (!isLost) return await publishControl(redis, command);
      const version = await redis.incr(keys.controlVersion);
      return await redis.xadd(keys.controlLog, `${version}-0`, "c", JSON.stringify(command));
    });
    expect(await Promise.all(sockets.map((socket) => socket.closed))).toEqual([
      { code: 4503, reason: "banned" },
      { code: 4503, reason: "banned" },
    ]);
    await other.say("still here");
    await other.close();
  }
});

test("who comes too early is told when; who waits is told when it opens; at the close all are told and leave", {
  timeout: 20_000,
}, async () => {
  const far = await cluster.session({ opensInMs: 3_600_000, closesInMs: 7_200_000 });
  const early = await TestClient.open(await cluster.clientOptions(far.id));
  expect(await early.closed).toMatchObject({ code: 4504, reason: `opens_at=${new Date(far.opensAtMs).toISOString()}` });

  const { id } = await cluster.session({ opensInMs: 1_500, closesInMs: 4_000 });
  const client = await TestClient.join(await cluster.clientOptions(id));
  expect((await client.waitFor("welcome")).session.state).toBe("scheduled");
  await expect(client.say("too early")).rejects.toThrow("chat_closed");
  const old = await TestClient.open({ ...(await cluster.clientOptions(id, { userId: 2 })), version: 1 });
  await client.waitFor("session", (frame) => frame.state === "open");
  await client.say("now");
  await client.waitFor("session", (frame) => frame.state === "closed");
  expect(await client.closed).toEqual({ code: 4504, reason: "the session is over" });
  expect((await old.closed).code).toBe(4504);
  expect(old.frames.map((frame) => frame.type)).toEqual(["new_message"]);
  const late = await TestClient.open(await cluster.clientOptions(id));
  expect(await late.closed).toEqual({ code: 4504, reason: "the session is over" });
});

test("an admin's close reaches every socket at once", async () => {
  const { id } = await cluster.session();
  const client = await TestClient.join(await cluster.clientOptions(id, { gateway: "gateway-2" }));
  const authorization = `Bearer ${await cluster.token({ userId: 99, roles: ["admin"] })}`;
  const response = await fetch(`${cluster.url("api-1")}/live-chat/sessions/${id}/close`, { method: "POST", headers: { authorization } });
  expect(response.status).toBe(200);
  await client.waitFor("session", (frame) => frame.state === "closed");
  expect(await client.closed).toEqual({ code: 4504, reason: "the session is over" });
});

test("an accepted message that Postgres refuses is withdrawn and its sender told", async () => {
  const { id } = await cluster.session();
  const sender = await TestClient.join(await cluster.clientOptions(id, { userId: 1, username: "ann" }));
  const other = await TestClient.join(await cluster.clientOptions(id, { userId: 2, gateway: "gateway-2" }));
  const room = sessionRoom(id);
  const { Acceptor } = await import("@drawchat/redis/accept");
  const clientId = randomUUID();
  const outcome = await withRedis(async (redis) => {
    const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unknown" });
    const rest = `,"user_id":1,"username":"ann","profile_pic":null,"message":"${"y".repeat(600)}","message_type":"text","likes":0,"created_at":"`;
    const parts = ['{"type":"new_message","message":{"id":', rest, '","is_winner":false,"is_host":false}}'] as const;
    return await acceptor.submit({ room, kind: "m", userId: 1, clientId, parts });
  });
  if (outcome.kind !== "accepted") throw new Error(outcome.kind);
  expect(await sender.waitFor("rejected")).toMatchObject({ client_id: clientId });
  const isDelete = (client: TestClient) =>
    client.waitFor("batch", (frame) => frame.events.some((event) => event.type === "delete" && event.message_id === outcome.id));
  await Promise.all([isDelete(sender), isDelete(other)]);
  expect(other.frames.some((frame) => frame.type === "rejected")).toBe(false);
});

test("SIGTERM: what is in flight is answered, every socket gets its own delay and 1012, the process ends with 0", {
  timeout: 30_000,
}, async () => {
  const { id } = await cluster.session();
  const clients = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => TestClient.join(await cluster.clientOptions(id, { userId: n + 1, gateway: "gateway-2" }))),
  );
  const said = clients.map((client, n) => client.say(`in flight ${n}`));
  const process = cluster.process("gateway-2");
  await Promise.all(said);
  process.kill("SIGTERM");
  const ends = await Promise.all(clients.map((client) => client.closed));
  expect(ends.map((end) => end.code)).toEqual(clients.map(() => 1012));
  const delays = clients.map((client) => client.frames.find((frame) => frame.type === "reconnect")?.after_ms);
  expect(new Set(delays).size).toBeGreaterThan(10);
  expect(await process.ended).toMatchObject({ code: 0 });
  await cluster.restart("gateway-2");
});

/** Until the viewers of a killed gateway are counted no more. */
async function loseGateway(): Promise<{ goneAfterMs: number }> {
  const { id } = await cluster.session();
  const here = await TestClient.join(await cluster.clientOptions(id, { userId: 71 }));
  const tab = await TestClient.join(await cluster.clientOptions(id, { userId: 71 }));
  const others = [72, 73].map(async (userId) => TestClient.join(await cluster.clientOptions(id, { userId, gateway: "gateway-3" })));
  const [there] = await Promise.all(others);
  await here.waitFor("counts", (frame) => frame.viewers === 3);
  await there?.waitFor("counts", (frame) => frame.viewers === 3);
  await tab.close();
  const before = here.frames.length;
  const killedAt = performance.now();
  await cluster.kill("gateway-3");
  await here.waitUntil(
    "one viewer",
    () => here.frames.slice(before).some((frame) => frame.type === "counts" && frame.viewers === 1),
    16_000,
  );
  return { goneAfterMs: performance.now() - killedAt };
}

test("viewers are counted over gateways, once a user and gateway, and a killed gateway's are gone within 15 s", {
  timeout: 40_000,
}, async () => {
  expect((await loss).goneAfterMs).toBeLessThan(15_000);
});

test("after a flush of Redis a version 1 socket still gets every line that is accepted", { timeout: 20_000 }, async () => {
  const { id } = await cluster.session();
  const old = await TestClient.open({ ...(await cluster.clientOptions(id, { userId: 1 })), version: 1 });
  await cluster.kill("writer-1", "SIGSTOP"); // m1 is lost with Redis: the room is reset
  old.send({ type: "message", message: "m1" });
  await old.waitForMessage("m1");
  await withRedis((redis) => flushAll(redis));
  for (const text of ["m2", "m3", "m4"]) {
    old.send({ type: "message", message: text });
    await old.waitForMessage(text);
  }
  expect(old.messages).toEqual(["m1", "m2", "m3", "m4"]);
  await cluster.kill("writer-1", "SIGCONT");
});
