/** The SDK against real gateways: what was written is one line for everyone and one row, whatever ended in between. */

import { type Cluster, type ProcessName, startCluster } from "@drawchat/testkit/cluster";
import { flushRedisAt } from "@drawchat/testkit/redis-nodes";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ChatClient } from "./chat-client.ts";
import type { ConnectionState } from "./chat-events.ts";

const PATIENCE = { timeout: 20_000 };

let cluster: Cluster;
const clients: ChatClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, edge: true, env: { LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0" } });
});

afterEach(() => {
  for (const client of clients.splice(0)) client.stop();
});

afterAll(() => cluster.stop());

interface Seat {
  client: ChatClient;
  lines: string[];
  states: string[];
}

/** A person in the chat, by the edge unless told otherwise: it takes the gateways in turn. */
async function enter(
  sessionId: number,
  userId: number,
  { at = "edge-1", token }: { at?: ProcessName; token?: string } = {},
): Promise<Seat> {
  const given = token ?? (await cluster.token({ userId }));
  const client = new ChatClient({ url: cluster.url(at).replace("http:", "ws:"), sessionId, token: given });
  const lines: string[] = [];
  const states: string[] = [];
  client.on("message", (message) => lines.push(message.message));
  client.on("reset", () => lines.splice(0));
  client.on("state", (state) => states.push(state.name));
  clients.push(client);
  client.start();
  return { client, lines, states };
}

function whenState(client: ChatClient, name: ConnectionState["name"]): Promise<ConnectionState> {
  if (client.state.name === name) return Promise.resolve(client.state);
  return new Promise((resolve) => {
    const stop = client.on("state", (state) => {
      if (state.name !== name) return;
      stop();
      resolve(state);
    });
  });
}

async function rowsOf(sessionId: number): Promise<string[]> {
  const query = cluster.database.db.selectFrom("live_chat_messages").select("message").where("session_id", "=", sessionId);
  return (await query.where("deleted_at", "is", null).orderBy("id").execute()).map((row) => row.message);
}

/** Each writes ten lines, in turns with what happens in between; resolves when all are stored. */
async function writeAll(seats: Seat[], between: () => Promise<unknown>): Promise<void> {
  const settled: Promise<unknown>[] = [];
  for (let i = 0; i < 10; i += 1) {
    for (const [n, { client }] of seats.entries()) settled.push(client.send(`${n}-${i}`).settled);
    if (i === 4) settled.push(between());
  }
  await Promise.all(settled);
}

async function expectSameEverywhere(sessionId: number, seats: Seat[]): Promise<void> {
  const expected = seats.flatMap((_, n) => Array.from({ length: 10 }, (_unused, i) => `${n}-${i}`));
  const rows = await rowsOf(sessionId);
  expect(rows).toHaveLength(expected.length);
  expect(new Set(rows)).toEqual(new Set(expected));
  for (const { lines } of seats) await expect.poll(() => lines, PATIENCE).toEqual(rows);
}

test("a gateway killed while people write loses nothing, repeats nothing, and all see one order", async () => {
  const { id } = await cluster.session();
  const seats = [await enter(id, 1), await enter(id, 2), await enter(id, 3)];
  for (const { client } of seats) await whenState(client, "open");
  await writeAll(seats, () => cluster.kill("gateway-1"));
  await expectSameEverywhere(id, seats);
  expect(seats.some(({ states }) => states.includes("reconnecting"))).toBe(true);
  await cluster.restart("gateway-1");
});

test("a gateway that drains sends its people to the other one without a loss", async () => {
  const { id } = await cluster.session();
  const seats = [await enter(id, 1), await enter(id, 2)];
  for (const { client } of seats) await whenState(client, "open");
  await writeAll(seats, () => cluster.kill("gateway-2", "SIGTERM"));
  await expectSameEverywhere(id, seats);
  await cluster.restart("gateway-2");
});

test("a writer away delays stored and nothing else", async () => {
  const { id } = await cluster.session();
  const seat = await enter(id, 1);
  await whenState(seat.client, "open");
  await cluster.kill("writer-1");
  const sending = seat.client.send("0-0");
  expect((await sending.accepted).status).toEqual({ state: "accepted" });
  expect(await rowsOf(id)).toEqual([]);
  await cluster.restart("writer-1");
  expect((await sending.settled).status).toEqual({ state: "stored" });
  expect(await rowsOf(id)).toEqual(["0-0"]);
});

test("messages that Redis lost before they were stored are sent again and become one row each", async () => {
  const { id } = await cluster.session();
  const seats = [await enter(id, 1), await enter(id, 2)];
  for (const { client } of seats) await whenState(client, "open");
  const settled: Promise<unknown>[] = [];
  for (let i = 0; i < 5; i += 1) for (const [n, { client }] of seats.entries()) settled.push(client.send(`${n}-${i}`).settled);
  await Promise.all(settled.splice(0)); // half is stored
  await cluster.kill("writer-1");
  const accepted: Promise<unknown>[] = [];
  for (let i = 5; i < 10; i += 1) {
    for (const [n, { client }] of seats.entries()) {
      const sending = client.send(`${n}-${i}`);
      accepted.push(sending.accepted);
      settled.push(sending.settled);
    }
  }
  await Promise.all(accepted);
  await flushRedisAt(cluster.redis.url);
  await cluster.restart("writer-1");
  await Promise.all(settled);
  await expectSameEverywhere(id, seats);
}, 60_000);

test("too early, the client waits; after the end, it is told and stays away", async () => {
  const early = await cluster.session({ opensInMs: 3_600_000, drawInMs: 7_200_000, closesInMs: 10_800_000 });
  const waiting = await enter(early.id, 1);
  expect(await whenState(waiting.client, "waiting")).toEqual({ name: "waiting", opensAt: early.opensAtMs });
  const unknown = await enter(999_999, 1);
  expect(await whenState(unknown.client, "closed")).toMatchObject({ code: 4504 });
});

test("an expired token is final, and a sixth socket of a person ends the oldest", async () => {
  const { id } = await cluster.session();
  const expired = await enter(id, 1, { token: await cluster.token({ userId: 1, expiresInSeconds: -60 }) });
  expect(await whenState(expired.client, "closed")).toMatchObject({ code: 4501 });
  const oldest = await enter(id, 7, { at: "gateway-1" });
  await whenState(oldest.client, "open");
  for (let i = 0; i < 5; i += 1) await whenState((await enter(id, 7, { at: "gateway-1" })).client, "open");
  expect(await whenState(oldest.client, "closed")).toMatchObject({ code: 4509 });
});
