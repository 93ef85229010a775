/** Conversations by the SDK against real gateways, writer and api: what was said is one message for everyone and one row. */
import { conversationRoom } from "@drawchat/protocol/ids";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { addConversation, type TestMember } from "@drawchat/testkit/conversations";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ConversationRoom } from "./conversation-room.ts";
import { ConversationsApi } from "./conversations-api.ts";
import { ConversationsClient } from "./conversations-client.ts";

const PATIENCE = { timeout: 20_000 };
const [ANN, BOB, EVE] = [1, 2, 3];
const AGENT: TestMember = { userId: EVE, role: "agent" };

let cluster: Cluster;
const clients: ConversationsClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, edge: true });
});

afterEach(() => {
  for (const client of clients.splice(0)) client.stop();
});

afterAll(() => cluster.stop());

/** A person, by the edge: it takes the gateways in turn. */
async function enter({ userId, role }: TestMember): Promise<{ client: ConversationsClient; api: ConversationsApi; states: string[] }> {
  const token = await cluster.token({ userId, roles: role === "agent" ? ["agent"] : [] });
  const client = new ConversationsClient({ url: cluster.url("edge-1").replace("http:", "ws:"), token });
  const states: string[] = [];
  client.on("state", (state) => states.push(state.name));
  clients.push(client);
  client.start();
  return { client, api: new ConversationsApi({ url: cluster.url("edge-1"), token }), states };
}

/** The room of a conversation, joined, and what it shows. */
async function listen(client: ConversationsClient, id: number): Promise<{ room: ConversationRoom; texts: string[] }> {
  const room = client.room(conversationRoom(id));
  const texts: string[] = [];
  room.on("reset", () => texts.splice(0));
  room.on("message", ({ message }) => texts.push(message));
  room.join();
  await expect.poll(() => room.state.name, PATIENCE).toBe("joined");
  return { room, texts };
}

async function rowsOf(id: number): Promise<string[]> {
  const query = cluster.database.db.selectFrom("conversation_messages").select("message").where("conversation_id", "=", id);
  return (await query.orderBy("id").execute()).map((row) => row.message);
}

test("a gateway killed while two people write in two conversations loses nothing and repeats nothing", async () => {
  const members = [{ userId: ANN }, { userId: BOB }];
  const ids = [await addConversation(cluster.database.db, { members }), await addConversation(cluster.database.db, { members })];
  const people = [await enter({ userId: ANN }), await enter({ userId: BOB })];
  const seats = await Promise.all(people.map(({ client }) => Promise.all(ids.map((id) => listen(client, id)))));
  const settled: Promise<unknown>[] = [];
  for (let i = 0; i < 6; i += 1) {
    for (const [n, rooms] of seats.entries()) for (const { room } of rooms) settled.push(room.send({ text: `${n}-${i}` }).settled);
    if (i === 2) await cluster.kill("gateway-1");
  }
  await Promise.all(settled);
  const expected = people.flatMap((_, n) => Array.from({ length: 6 }, (_unused, i) => `${n}-${i}`));
  for (const [at, id] of ids.entries()) {
    const rows = await rowsOf(id);
    expect(rows.toSorted((a, b) => a.localeCompare(b))).toEqual(expected);
    for (const rooms of seats) await expect.poll(() => rooms[at]?.texts, PATIENCE).toEqual(rows);
  }
  expect(people.some(({ states }) => states.includes("reconnecting"))).toBe(true);
  await cluster.restart("gateway-1");
});

test("marks, typing, presence, edits and tombstones reach the other side, and the list its unread count", async () => {
  const id = await addConversation(cluster.database.db, { members: [{ userId: ANN }, AGENT] });
  const [ann, eve] = [await enter({ userId: ANN }), await enter(AGENT)];
  const unread: number[] = [];
  eve.client.on("inbox", (summary) => summary.id === id && unread.push(summary.unread_count));
  const [hers, theirs] = [await listen(ann.client, id), await listen(eve.client, id)];
  hers.room.typingNow();
  await expect.poll(() => [...theirs.room.typing], PATIENCE).toEqual([ANN]);
  const sent = await hers.room.send({ text: "hello" }).settled;
  await expect.poll(() => unread, PATIENCE).toEqual([1]);
  expect([...theirs.room.typing]).toEqual([]);
  theirs.room.markRead(Number(sent.id));
  await expect.poll(() => hers.room.members.get(EVE)?.read_upto, PATIENCE).toBe(sent.id);
  await expect.poll(() => unread.at(-1), PATIENCE).toBe(0);
  const edited = new Promise((resolve) => theirs.room.on("edit", resolve));
  await ann.api.editMessage(id, Number(sent.id), "hello!");
  expect(await edited).toMatchObject({ id: sent.id, message: "hello!" });
  const deleted = new Promise((resolve) => theirs.room.on("delete", resolve));
  await ann.api.deleteMessage(id, Number(sent.id));
  expect(await deleted).toMatchObject({ message_id: sent.id });
  ann.client.setPresence("away");
  await expect.poll(() => theirs.room.members.get(ANN)?.presence, PATIENCE).toBe("away");
});

test("who is removed is out, is told so by the list, and says nothing there any more", async () => {
  const id = await addConversation(cluster.database.db, { members: [{ userId: ANN }, { userId: BOB }] });
  const [bob, eve] = [await enter({ userId: BOB }), await enter(AGENT)];
  const { room } = await listen(bob.client, id);
  const removed = new Promise((resolve) => bob.client.on("inboxRemoved", resolve));
  await eve.api.removeParticipant(id, BOB);
  expect(await removed).toBe(id);
  await expect.poll(() => room.state, PATIENCE).toEqual({ name: "out", reason: "removed" });
  expect((await room.send({ text: "still here?" }).settled).status).toMatchObject({ state: "failed", code: "not_found" });
  expect(await rowsOf(id)).toEqual([]);
});
