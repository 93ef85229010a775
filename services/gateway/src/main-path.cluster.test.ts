/** The main path through real processes: a socket, Redis, every socket, Postgres. */

import { TestClient } from "@drawchat/testkit/client";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { afterAll, beforeAll, expect, test } from "vitest";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, edge: true });
});
afterAll(() => cluster.stop());

test("a message goes from a socket to every socket, on both gateways, and into Postgres", async () => {
  const { id } = await cluster.session();
  const ann = await TestClient.join(await cluster.clientOptions(id, { userId: 1, username: "ann" }));
  const bob = await TestClient.join(await cluster.clientOptions(id, { userId: 2, username: "bob", gateway: "gateway-2" }));
  const old = await TestClient.open({ ...(await cluster.clientOptions(id, { userId: 3, gateway: "gateway-2" })), version: 1 });
  old.send({ type: "ping" });
  await old.waitFor("pong");

  const ack = await ann.say("good evening");
  const [batch, seen] = await Promise.all([bob.waitFor("batch"), old.waitFor("new_message")]);
  expect(batch.upto).toBe(ack.id);
  expect(batch.events).toEqual([seen]);
  expect(seen.message).toMatchObject({ id: ack.id, user_id: 1, username: "ann", message: "good evening", likes: 0, is_host: false });

  await ann.waitFor("stored", (frame) => frame.upto >= ack.id);
  const rows = await cluster.database.db.selectFrom("live_chat_messages").selectAll().where("session_id", "=", id).execute();
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({ id: ack.id, user_id: 1, username: "ann", message: "good evening" });
  expect(rows[0]?.created_at.toISOString()).toBe(seen.message.created_at);
});

test("a version 1 line sent right behind the handshake comes back, and nothing unasked comes", async () => {
  const { id } = await cluster.session();
  const client = await TestClient.open({ ...(await cluster.clientOptions(id)), version: 1 });
  client.send({ type: "message", message: "first" });
  await client.waitFor("new_message");
  client.send({ type: "ping" });
  await client.waitFor("pong");
  expect(client.frames.map((frame) => frame.type)).toEqual(["new_message", "pong"]);
});

test("a storm of joins while the api is away is counted and says one line, and the figures of an empty gateway are there", async () => {
  const { id } = await cluster.session();
  await cluster.kill("api-1", "SIGKILL");
  const joins = Array.from({ length: 40 }, async (_, n) => TestClient.open(await cluster.clientOptions(id, { userId: 1_000 + n })));
  const ends = await Promise.all((await Promise.all(joins)).map((client) => client.closed));
  expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([1013]));
  const lines = cluster.logs.all.filter((line) => String(line.msg).startsWith("rooms cannot be opened"));
  expect(lines).toHaveLength(1);
  const figures = await (await fetch(`${cluster.privateUrl("gateway-1")}/metrics`)).text();
  expect(figures).toMatch(/^drawchat_gateway_sockets\{[^}]*\} \d+$/m);
  await cluster.restart("api-1");
});
