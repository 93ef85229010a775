/** Who watches, in Postgres: the operators' count beside the number on the screen, through kills and losses. */

import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { TestClient } from "@drawchat/testkit/client";
import { type Cluster, type ProcessName, startCluster } from "@drawchat/testkit/cluster";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

let cluster: Cluster;
let loss: ReturnType<typeof loseGateway>;
const SOON = { timeout: 10_000, interval: 100 };

beforeAll(async () => {
  cluster = await startCluster({ gateways: 3, jobs: 1, env: { GATEWAY_AUDIENCE_MS: "500" } });
  loss = loseGateway(); // takes 16 s: the other tests run meanwhile
});
afterAll(() => cluster.stop());

async function joined(sessionId: number, userIds: readonly number[], gateway: ProcessName): Promise<TestClient[]> {
  return await Promise.all(userIds.map(async (userId) => TestClient.join(await cluster.clientOptions(sessionId, { userId, gateway }))));
}

/** What an operator would ask. */
async function activeViewers(sessionId: number): Promise<number> {
  const { rows } = await cluster.database.pool.query<{ count: number }>(
    "SELECT count(*) FROM live_chat_viewers WHERE is_active AND session_id = $1",
    [sessionId],
  );
  return rows[0]?.count ?? -1;
}

function viewerRow(sessionId: number, userId: number) {
  return cluster.database.db
    .selectFrom("live_chat_viewers")
    .select(["gateway_id", "is_active"])
    .where("session_id", "=", sessionId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
}

/** The last number of viewers that a socket was told. */
function shownTo(client: TestClient | undefined): number | undefined {
  return client?.frames.flatMap((frame) => (frame.type === "counts" ? (frame.viewers ?? []) : [])).at(-1);
}

async function activeUsers(sessionId: number): Promise<number[]> {
  const rows = await cluster.database.db
    .selectFrom("live_chat_viewers")
    .select("user_id")
    .where("session_id", "=", sessionId)
    .where("is_active", "=", true)
    .orderBy("user_id")
    .execute();
  return rows.map((row) => row.user_id);
}

const users = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n);

test("rows follow who comes and goes, two tabs on a gateway are one viewer, who was turned away is none", { timeout: 40_000 }, async () => {
  const { id } = await cluster.session();
  const early = await cluster.session({ opensInMs: 3_600_000, closesInMs: 7_200_000 });
  const turnedAway = await TestClient.open(await cluster.clientOptions(early.id, { userId: 9 }));
  expect((await turnedAway.closed).code).toBe(4504);
  const [ann, tab] = await joined(id, [1, 1], "gateway-1");
  const [bob] = await joined(id, [2], "gateway-2");
  await expect.poll(() => activeViewers(id), SOON).toBe(2);
  await expect.poll(() => shownTo(ann), SOON).toBe(2);
  expect(await viewerRow(id, 2)).toEqual({ gateway_id: "gateway-2", is_active: true });

  await tab?.close();
  await bob?.close();
  await expect.poll(() => activeViewers(id), SOON).toBe(1);
  expect(await viewerRow(id, 1)).toEqual({ gateway_id: "gateway-1", is_active: true });
  expect(await viewerRow(early.id, 9)).toBeUndefined();

  const [moved] = await joined(id, [1], "gateway-2");
  await expect.poll(() => viewerRow(id, 1), SOON).toEqual({ gateway_id: "gateway-2", is_active: true });
  await ann?.close(); // the row is gateway-2's by now
  await moved?.waitFor("counts", (frame) => frame.viewers === 1 && shownTo(moved) === 1);
  await joined(id, [3], "gateway-1");
  await expect.poll(() => activeViewers(id), SOON).toBe(2);
  expect(await viewerRow(id, 1)).toEqual({ gateway_id: "gateway-2", is_active: true });
});

test("a gateway that was killed and is back under its name has no rows of its users from before", { timeout: 40_000 }, async () => {
  const { id } = await cluster.session();
  await joined(id, users(1, 3), "gateway-1");
  const lost = await joined(id, users(101, 5), "gateway-2");
  await expect.poll(() => activeViewers(id), SOON).toBe(8);
  await cluster.kill("gateway-2");
  await Promise.all(lost.map((client) => client.closed));
  await cluster.restart("gateway-2");
  await joined(id, [101], "gateway-2");
  await expect.poll(() => activeViewers(id), SOON).toBe(4);
  expect(cluster.logs.all.filter((line) => line.msg === "gateway is silent, its viewers are closed" && line.session === id)).toEqual([]);
});

test("a gateway that is stopped closes its viewers' rows itself", { timeout: 30_000 }, async () => {
  const { id } = await cluster.session();
  await joined(id, [1], "gateway-1");
  await joined(id, users(101, 5), "gateway-2");
  await expect.poll(() => activeUsers(id), SOON).toEqual([1, ...users(101, 5)]);
  await cluster.kill("gateway-2", "SIGTERM");
  await expect.poll(() => activeUsers(id), { timeout: 5_000, interval: 100 }).toEqual([1]);
  await cluster.restart("gateway-2");
});

test("a closed session has no active viewers, and keeps its peak and how many came", { timeout: 40_000 }, async () => {
  const { id } = await cluster.session();
  const [first] = await joined(id, users(1, 4), "gateway-1");
  const [second] = await joined(id, users(3, 4), "gateway-2"); // 3 and 4 are on both: six people, shown as eight
  await first?.waitFor("counts", (frame) => frame.viewers === 8);
  await second?.close();
  await first?.waitFor("counts", (frame) => frame.viewers === 7);
  await expect.poll(() => activeViewers(id), SOON).toBeGreaterThanOrEqual(5);
  const authorization = `Bearer ${await cluster.token({ userId: 99, roles: ["admin"] })}`;
  const url = `${cluster.url("api-1")}/live-chat/sessions`;
  expect((await fetch(`${url}/${id}/close`, { method: "POST", headers: { authorization } })).status).toBe(200);
  await expect.poll(() => activeViewers(id), SOON).toBe(0);
  const figures = async () => {
    const body: unknown = await (await fetch(`${url}?limit=1`, { headers: { authorization } })).json();
    return body;
  };
  await expect.poll(figures, SOON).toMatchObject({ sessions: [{ session_id: id, peak_viewers: 8, unique_viewers: 6 }] });
});

/** Some of its users come back elsewhere. Resolves when rows and screen agree on who is left. */
async function loseGateway(): Promise<{ id: number; agreedAfterMs: number }> {
  const { id } = await cluster.session();
  const [witness] = await joined(id, users(501, 10), "gateway-1");
  const lost = await joined(id, users(601, 10), "gateway-3");
  const haveRows = (count: number, timeout: number) => vi.waitUntil(async () => (await activeViewers(id)) === count, { ...SOON, timeout });
  await haveRows(20, SOON.timeout);

  await cluster.kill("gateway-3");
  const killedAt = performance.now();
  await Promise.all(lost.map((client) => client.closed));
  await joined(id, users(601, 6), "gateway-1");
  await haveRows(16, 20_000);
  await witness?.waitUntil("16 on the screen", () => shownTo(witness) === 16, 20_000);
  return { id, agreedAfterMs: performance.now() - killedAt };
}

test("after a gateway was killed and some of its users came back elsewhere, rows and screen agree within 20 s", {
  timeout: 60_000,
}, async () => {
  const { id, agreedAfterMs } = await loss;
  expect(agreedAfterMs).toBeLessThan(20_000);
  expect(await viewerRow(id, 601)).toEqual({ gateway_id: "gateway-1", is_active: true });
  expect(await viewerRow(id, 610)).toEqual({ gateway_id: "gateway-3", is_active: false });
});

test("what Redis lost is made up for by full lists", { timeout: 40_000 }, async () => {
  const { id } = await cluster.session();
  const [ann, bob] = await joined(id, [1, 2], "gateway-1");
  await joined(id, [3, 4], "gateway-2");
  await expect.poll(() => activeViewers(id), SOON).toBe(4);
  // As if the reports since then had never arrived: one row too many, one too few.
  await cluster.database.pool.query("UPDATE live_chat_viewers SET is_active = false WHERE session_id = $1 AND user_id = 3", [id]);
  await cluster.database.pool.query(
    "INSERT INTO live_chat_viewers (session_id, user_id, gateway_id, is_active) VALUES ($1, 77, 'gateway-1', true)",
    [id],
  );
  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  await flushAll(redis);
  redis.disconnect();
  await bob?.close();
  await ann?.waitFor("reset");
  await expect.poll(() => activeUsers(id), { timeout: 20_000, interval: 200 }).toEqual([1, 3, 4]);
});
