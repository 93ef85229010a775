/** What an admin changes of a session that people are in: winners, times, the end; over two gateways. */

import type { Role } from "@drawchat/auth/claims";
import { commandClient } from "@drawchat/redis/connect";
import { readRoom } from "@drawchat/redis/room-state";
import { createLog } from "@drawchat/runtime/log";
import { TestClient } from "@drawchat/testkit/client";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeAll, expect, test } from "vitest";

let cluster: Cluster;
const CLOSE_SPREAD_MS = 2_500;

beforeAll(async () => {
  const env = { LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0", GATEWAY_CLOSE_SPREAD_MS: String(CLOSE_SPREAD_MS) };
  cluster = await startCluster({ gateways: 2, env });
});
afterAll(() => cluster.stop());

async function admin(request: string, body?: object): Promise<{ status: number; body: unknown }> {
  const [method = "GET", path = ""] = request.split(" ");
  const roles: Role[] = ["admin"];
  const headers = { authorization: `Bearer ${await cluster.token({ userId: 99, roles })}`, "content-type": "application/json" };
  const response = await fetch(`${cluster.url("api-1")}/live-chat/sessions${path === "" ? "" : `/${path}`}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}

/** Two people in a session, one a gateway. */
async function twoIn(sessionId: number): Promise<[TestClient, TestClient]> {
  return [
    await TestClient.join(await cluster.clientOptions(sessionId, { userId: 1 })),
    await TestClient.join(await cluster.clientOptions(sessionId, { userId: 2, gateway: "gateway-2" })),
  ];
}

/** The flags of the messages that were seen, in order: `text winner`. */
function shown(client: TestClient): string[] {
  const events = client.frames.flatMap((frame) => ("events" in frame ? frame.events : []));
  return events.flatMap((event) => (event.type === "new_message" ? [`${event.message.message} ${event.message.is_winner}`] : []));
}

/** Says lines until one shows what is wanted: a gateway hears of winners a moment after the admin's answer. */
async function sayUntil(client: TestClient, isWinner: boolean): Promise<void> {
  for (let n = 0; n < 200; n += 1) {
    await client.say(`${n}`);
    await client.waitForMessage(`${n}`);
    if (shown(client).at(-1)?.endsWith(` ${isWinner}`)) return;
  }
  throw new Error(`no line with is_winner ${isWinner}`);
}

test("a winner's messages show it from then on, on every gateway, in history and in Postgres, and again after Redis lost its memory", async () => {
  const { id } = await cluster.session();
  const [ann, bob] = await twoIn(id);
  await bob.say("before");
  expect((await admin(`PUT ${id}/winners/2`)).status).toBe(204);
  await sayUntil(bob, true);
  await ann.say("not me");
  const tab = await TestClient.join(await cluster.clientOptions(id, { userId: 2, gateway: "gateway-1" }));
  const won = await tab.say("on the other gateway");
  for (const client of [ann, tab]) {
    await client.waitForMessage("on the other gateway");
    expect(shown(client)).toEqual(expect.arrayContaining(["before false", "not me false", "on the other gateway true"]));
  }
  await tab.waitFor("stored", (frame) => frame.upto >= won.id);
  const rows = await cluster.database.db
    .selectFrom("live_chat_messages")
    .select(["message", "is_winner"])
    .where("session_id", "=", id)
    .execute();
  expect(rows).toEqual(
    expect.arrayContaining([
      { message: "before", is_winner: false },
      { message: "on the other gateway", is_winner: true },
    ]),
  );
  expect(ann.frames.filter((frame) => frame.type === "session")).toEqual([]);

  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  await flushAll(redis);
  await bob.waitFor("reset");
  expect((await readRoom(redis, `s${id}`))?.policy).toMatchObject({ winners: [2] });
  redis.disconnect();
  await bob.say("after the loss");
  await bob.waitForMessage("after the loss");
  expect(shown(bob)).toContain("after the loss true");

  expect((await admin(`DELETE ${id}/winners/2`)).status).toBe(204);
  await sayUntil(bob, false);
});

test("who waits is told of a new time, and the session opens at it", async () => {
  const { id, drawAtMs } = await cluster.session({ opensInMs: 600_000, drawInMs: 660_000, closesInMs: 700_000 });
  const [ann, bob] = await twoIn(id);
  const earlier = new Date(drawAtMs - 598_500).toISOString();
  expect((await admin(`PATCH ${id}`, { draw_at: earlier })).status).toBe(200);
  for (const client of [ann, bob]) {
    expect(await client.waitFor("session")).toMatchObject({ state: "scheduled", draw_at: earlier });
  }
  await expect(ann.say("too early")).rejects.toThrow("chat_closed");
  await Promise.all([ann, bob].map((client) => client.waitFor("session", (frame) => frame.state === "open")));
  await ann.say("hello");
  await bob.waitForMessage("hello");
});

test("a session that is moved while people chat takes no messages until it is open again, and nobody is sent away", async () => {
  const { id, drawAtMs } = await cluster.session();
  const [ann, bob] = await twoIn(id);
  await ann.say("one");
  await admin(`PATCH ${id}`, { draw_at: new Date(drawAtMs + 86_400_000).toISOString() });
  await Promise.all([ann, bob].map((client) => client.waitFor("session", (frame) => frame.state === "scheduled")));
  await expect(bob.say("two")).rejects.toThrow("chat_closed");
  await admin(`PATCH ${id}`, { draw_at: new Date(drawAtMs).toISOString() });
  await Promise.all([ann, bob].map((client) => client.waitFor("session", (frame) => frame.state === "open")));
  await bob.say("three");
  await ann.waitForMessage("three");
  expect(ann.messages).toEqual(["one", "three"]);
});

test("a session that is cancelled and made again while its sockets leave keeps those that are still there", {
  timeout: 20_000,
}, async () => {
  const { id, drawAtMs } = await cluster.session();
  const clients = await Promise.all(
    Array.from({ length: 12 }, async (_, n) =>
      TestClient.join(await cluster.clientOptions(id, { userId: n + 1, gateway: n % 2 === 0 ? "gateway-1" : "gateway-2" })),
    ),
  );
  const gone = new Set<TestClient>();
  for (const client of clients) void client.closed.then(() => gone.add(client));
  await admin(`POST ${id}/cancel`);
  await Promise.all(clients.map((client) => client.waitFor("session", (frame) => frame.state === "cancelled")));
  expect((await admin("POST", { draw_at: new Date(drawAtMs).toISOString() })).body).toMatchObject({ session_id: id, state: "open" });
  const staying = clients.filter((client) => !gone.has(client));
  await Promise.all(staying.map((client) => client.waitFor("session", (frame) => frame.state === "open")));
  expect(staying.length).toBeGreaterThan(6);
  // Another session, whose end comes when the last of them would have left.
  const other = await cluster.session({ closesInMs: CLOSE_SPREAD_MS + 1_200 });
  const watcher = await TestClient.join(await cluster.clientOptions(other.id, { userId: 50 }));
  await watcher.waitFor("session", (frame) => frame.state === "closed");
  await Promise.all(staying.map((client, n) => client.say(`still here ${n}`)));
  expect(staying.filter((client) => gone.has(client))).toEqual([]);
});

test("a cancelled session is told to all at once, refuses messages and sends its sockets away", async () => {
  const { id } = await cluster.session();
  const [ann, bob] = await twoIn(id);
  expect(await admin(`POST ${id}/cancel`)).toMatchObject({ status: 200, body: { state: "cancelled" } });
  await Promise.all([ann, bob].map((client) => client.waitFor("session", (frame) => frame.state === "cancelled")));
  await expect(ann.say("hello")).rejects.toThrow(/chat_closed|4504/);
  expect((await bob.closed).code).toBe(4504);
  expect((await admin(`POST ${id}/cancel`)).status).toBe(200);
});
