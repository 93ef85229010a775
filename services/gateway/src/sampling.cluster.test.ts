/** A session beyond its rate, over two gateways and a writer: what sockets of either version see, and what stays complete. */
import { sessionRoom } from "@drawchat/protocol/ids";
import { commandClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { decodePublication, isSkipped } from "@drawchat/redis/publication";
import { createLog } from "@drawchat/runtime/log";
import { TestClient } from "@drawchat/testkit/client";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { afterAll, beforeAll, expect, test } from "vitest";

const RATE = 10;
const GATEWAYS = ["gateway-1", "gateway-2"] as const;
const SENDERS = 30;
const EACH = 6;

let cluster: Cluster;
let sessionId: number;
let watchers: { v1: TestClient[]; v2: TestClient[] };
let senders: TestClient[];
/** The acks of everything that was said, in the order of their ids. */
let acks: { id: number; skipped?: boolean; text: string }[];

beforeAll(async () => {
  cluster = await startCluster({
    gateways: 2,
    env: { LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0", LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND: String(RATE) },
  });
  ({ id: sessionId } = await cluster.session());
  const optionsOf = (userId: number, role: "host" | undefined = undefined) =>
    cluster.clientOptions(sessionId, { userId, gateway: GATEWAYS[userId % 2] ?? "gateway-1", ...(role && { roles: [role] }) });
  const join = async (userId: number) => TestClient.join(await optionsOf(userId));
  const v1 = await Promise.all([1, 2].map(async (userId) => TestClient.open({ ...(await optionsOf(userId)), version: 1 })));
  // Version 1 is told nothing at its join; its pong comes once it listens.
  for (const client of v1) client.send({ type: "ping" });
  await Promise.all(v1.map((client) => client.waitFor("pong")));
  watchers = { v1, v2: await Promise.all([3, 4].map(join)) };
  senders = await Promise.all(Array.from({ length: SENDERS }, (_, n) => join(100 + n)));
  acks = (await Promise.all(senders.map((_, n) => sayAll(n)))).flat();
  const host = await TestClient.join(await optionsOf(99, "host"));
  const last = await host.say("the host ends it");
  acks.push({ ...last, text: "the host ends it" });
  acks.sort((a, b) => a.id - b.id);
  await Promise.all([...v1, ...watchers.v2].map((client) => client.waitForMessage("the host ends it")));
});
afterAll(() => cluster.stop());

async function sayAll(n: number) {
  const said: typeof acks = [];
  for (let i = 0; i < EACH; i += 1) {
    const text = `${n} says ${i}`;
    const ack = await senders[n]?.say(text);
    if (ack !== undefined) said.push({ ...ack, text });
  }
  return said;
}

function skippedIn(client: TestClient): number {
  return client.frames.reduce((sum, frame) => sum + ("events" in frame ? (frame.skipped ?? 0) : 0), 0);
}

const shownTexts = () => acks.filter(({ skipped }) => skipped !== true).map(({ text }) => text);

test("sockets of both versions and gateways see the same lines in the same order: those that the acks call shown", () => {
  expect(acks).toHaveLength(SENDERS * EACH + 1);
  expect(shownTexts().length).toBeLessThan(acks.length - 50);
  for (const client of [...watchers.v1, ...watchers.v2]) expect(client.messages).toEqual(shownTexts());
});

test("what a version 2 socket was not shown is counted exactly, and its chain has no hole", () => {
  for (const client of watchers.v2) {
    expect(skippedIn(client)).toBe(acks.length - shownTexts().length);
    const batches = client.frames.flatMap((frame) => (frame.type === "batch" ? [frame] : []));
    const welcome = client.frames.find((frame) => frame.type === "welcome");
    expect(batches.map(({ after }) => after)).toEqual([welcome?.upto, ...batches.slice(0, -1).map(({ upto }) => upto)]);
    expect(batches.at(-1)?.upto).toBe(acks.at(-1)?.id);
  }
});

test("history, REST and table have everything in order; the flag is in history", async () => {
  const texts = acks.map(({ text }) => text);
  const table = () =>
    cluster.database.db.selectFrom("live_chat_messages").select("message").where("session_id", "=", sessionId).orderBy("id").execute();
  await expect.poll(async () => (await table()).map(({ message }) => message), { timeout: 5_000 }).toEqual(texts);
  const response = await fetch(`${cluster.url("api-1")}/live-chat/messages?limit=100&session_id=${sessionId}`, {
    headers: { authorization: `Bearer ${await cluster.token()}` },
  });
  const page: { messages: { message: string }[] } = JSON.parse(await response.text());
  expect(page.messages.map(({ message }) => message)).toEqual(texts.slice(-100));
  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  const entries = await redis.xrangeBuffer(keys.history(sessionRoom(sessionId)), "-", "+");
  redis.disconnect();
  const events = entries.flatMap(([, fields]) => decodePublication(fields[1] ?? Buffer.alloc(0)).events);
  expect(events.map((event) => [event.id, isSkipped(event)])).toEqual(acks.map(({ id, skipped }) => [id, skipped === true]));
});

test("who comes back continues with what live frames showed, and the rest is counted", async () => {
  const middle = acks[20];
  const [watcher] = watchers.v2;
  if (middle === undefined || watcher === undefined) throw new Error("nothing was said");
  const { epoch } = await watcher.waitFor("welcome");
  for (const gateway of GATEWAYS) {
    const back = await TestClient.join(await cluster.clientOptions(sessionId, { userId: 500, gateway }), { epoch, id: middle.id });
    await back.waitForMessage("the host ends it");
    const behind = acks.filter(({ id }) => id > middle.id);
    expect(back.messages).toEqual(behind.filter(({ skipped }) => skipped !== true).map(({ text }) => text));
    expect(skippedIn(back)).toBe(behind.filter(({ skipped }) => skipped === true).length);
    await back.close();
  }
});

test("a resend of what was skipped is answered as skipped, and shown to nobody", async () => {
  const [sender] = senders;
  if (sender === undefined) throw new Error("no sender");
  let skipped: { client_id: string; id: number; skipped?: boolean } | undefined;
  // As fast as it goes: tokens come back meanwhile.
  for (let i = 0; i < 200 && skipped === undefined; i += 1) {
    const ack = await sender.say(`again ${i}`);
    if (ack.skipped === true) skipped = ack;
  }
  sender.send({ type: "message", client_id: skipped?.client_id, message: "in other words" });
  const second = await sender.waitFor("ack", (frame) => frame.client_id === skipped?.client_id && frame.duplicate === true);
  expect(second).toEqual({ ...skipped, duplicate: true });
});

test("both gateways count what they left out", async () => {
  const skippedAt = async (gateway: (typeof GATEWAYS)[number]) => {
    const text = await (await fetch(`${cluster.privateUrl(gateway)}/metrics`)).text();
    return Number(/^drawchat_gateway_skipped_total\{.*\} (\d+)$/m.exec(text)?.[1]);
  };
  const agreed = async () => {
    const [one, other] = await Promise.all(GATEWAYS.map(skippedAt));
    return one === other ? (one ?? 0) : 0;
  };
  await expect.poll(agreed).toBeGreaterThanOrEqual(acks.length - shownTexts().length);
});
