/** What only a cluster does: slots that move while they are written to and heard, nodes that go away alone. */
import { randomUUID } from "node:crypto";
import { PARTITIONS, partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import { createLog } from "@drawchat/runtime/log";
import { testRedisCluster } from "@drawchat/testkit/redis";
import { flushAll, nodesOf } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { Acceptor } from "./accept.ts";
import { addAudience, countAudience } from "./audience.ts";
import { publish, runCommands } from "./commands.ts";
import { assertRedisSettings, commandClient } from "./connect.ts";
import { publishControl } from "./control.ts";
import { publishInbox } from "./inbox.ts";
import { keys } from "./keys.ts";
import { awaitEntries } from "./log.ts";
import { decodePublication } from "./publication.ts";
import { restoreRoom } from "./restore.ts";
import { readRoom } from "./room-state.ts";
import { Subscriber } from "./subscriber.ts";
import { readTips } from "./tips.ts";

const cluster = await testRedisCluster();
const log = createLog("test", "silent");
const redis = commandClient(cluster.url, "test", log);
const subscriber = new Subscriber(cluster.url, "test", log);
await Promise.all([redis.connect(), subscriber.connect()]);
afterAll(() => {
  redis.disconnect();
  subscriber.disconnect();
});
const limits = { session: 0, conversation: 0 };
const acceptor = new Acceptor({ redis, log, limits, restoreRoom: () => Promise.resolve("unknown") });
const ROOMS = Array.from({ length: PARTITIONS }, (_, n): RoomName => `s${n + 1}`);
const HOUR_MS = 3_600_000;

async function openRoom(room: RoomName): Promise<void> {
  const window = { opensMs: Date.now() - HOUR_MS, closesMs: Date.now() + HOUR_MS, drawMs: 0 };
  const policy = { kind: "session", state: "open", winners: [], version: 1, ...window } as const;
  await restoreRoom(redis, { room, policy, upto: 0, events: [], after: 0, likes: new Map(), logFirstEntry: "" });
}

function say(room: RoomName, text: string) {
  const parts = [`{"id":`, `,"text":"${text}"}`, ""] as const;
  return acceptor.submit({ room, kind: "m", userId: 1, clientId: randomUUID(), parts });
}

beforeEach(async () => {
  await flushAll(redis);
  await Promise.all(ROOMS.map(openRoom));
});

test("it holds every setting that the chat asserts, on each of its nodes", async () => {
  await assertRedisSettings(redis);
  await nodesOf(redis)[1]?.config("SET", "maxmemory-policy", "allkeys-lru");
  await expect(assertRedisSettings(redis)).rejects.toThrow(/^[^\n]+\n {2}Redis at 127.0.0.1:\d+ may evict keys[^\n]*$/);
  await nodesOf(redis)[1]?.config("SET", "maxmemory-policy", "noeviction");
});

test("a node of a cluster is not taken for a Redis of its own", async () => {
  const node = commandClient(cluster.nodes[0]?.url ?? "", "test", log);
  await node.connect();
  await expect(assertRedisSettings(node)).rejects.toThrow(/redis-cluster:\/\//);
  node.disconnect();
});

test("rooms of all partitions accept, are heard, and are read at once", async () => {
  const heard = new Map<string, string[]>();
  const listen = (room: RoomName) =>
    subscriber.subscribe(keys.channel(room), { onMessage: (bytes) => heard.set(room, [...(heard.get(room) ?? []), textsOf(bytes)]) });
  await Promise.all(ROOMS.map(listen));
  const outcomes = await Promise.all(ROOMS.map((room) => say(room, `in ${room}`)));
  expect(outcomes.filter(({ kind }) => kind === "accepted")).toHaveLength(ROOMS.length);
  await expect.poll(() => heard.size).toBe(ROOMS.length);
  for (const room of ROOMS) expect(heard.get(room)).toEqual([`in ${room}`]);
  const { tips } = await readTips(redis, ROOMS);
  expect(tips.map((tip) => (typeof tip === "string" ? tip : tip.upto))).toEqual(outcomes.map((outcome) => "id" in outcome && outcome.id));
  const partitions = ROOMS.map(partitionOfRoom);
  expect((await awaitEntries(redis, partitions, 1)).length).toBe(PARTITIONS);
  for (const room of ROOMS) subscriber.unsubscribe(keys.channel(room));
});

test("what belongs to no partition is heard too", async () => {
  const heard: string[] = [];
  const channels = [keys.control, keys.inbox(7), keys.agentsInbox, keys.probe("g", 9)];
  await Promise.all(channels.map((channel) => subscriber.subscribe(channel, { onMessage: () => heard.push(channel) })));
  await publishControl(redis, { type: "refresh_user", user_id: 1 });
  const frame = { type: "inbox_removed", conversation_id: 1 } as const;
  await publishInbox(redis, [{ to: 7, frame }]);
  await publish(redis, keys.agentsInbox, "x");
  await publish(redis, keys.probe("g", 9), "x");
  await expect.poll(() => heard.toSorted((a, b) => a.localeCompare(b))).toEqual(channels.toSorted((a, b) => a.localeCompare(b)));
  for (const channel of channels) subscriber.unsubscribe(channel);
});

test("a slot that moves under load loses nothing: the room is heard at its new node, and told where there may be a hole", async () => {
  const room: RoomName = "s5";
  const slot = await cluster.slotOf(keys.channel(room));
  const heard: string[] = [];
  let restored = 0;
  await subscriber.subscribe(keys.channel(room), {
    onMessage: (bytes) => heard.push(textsOf(bytes)),
    onRestored: () => (restored += 1),
  });
  let isMoving = true;
  const sent: string[] = [];
  const talk = async () => {
    for (let n = 0; isMoving || n < 20; n += 1) {
      const text = `message ${n}`;
      if ((await say(room, text)).kind === "accepted") sent.push(text);
    }
  };
  const talking = talk();
  const from = await cluster.ownerOf(slot);
  for (const to of [(from + 1) % 3, (from + 2) % 3, from]) await cluster.moveSlot(slot, to);
  isMoving = false;
  await talking;
  await expect.poll(() => restored).toBeGreaterThan(0);
  const history = await readRoom(redis, room, { history: "all" });
  expect(history?.publications.map(({ bytes }) => textsOf(bytes))).toEqual(sent);
  await expect.poll(() => subscriber.isHeard(keys.channel(room))).toBe(true);
  await say(room, "the last");
  await expect.poll(() => heard.at(-1)).toBe("the last");
  subscriber.unsubscribe(keys.channel(room));
});

test("while a slot is on its way its room answers busy, which is never accepted later", async () => {
  const room: RoomName = "s6";
  await say(room, "before"); // its room exists: a part of its keys does, a part does not
  const slot = await cluster.slotOf(keys.channel(room));
  const from = await cluster.ownerOf(slot);
  const migration = await cluster.beginMove(slot, (from + 1) % 3);
  expect(await say(room, "meanwhile")).toEqual({ kind: "refused", code: "busy" });
  await migration.finish();
  expect((await say(room, "after")).kind).toBe("accepted");
  const state = await readRoom(redis, room, { history: "all" });
  expect(state?.publications.map(({ bytes }) => textsOf(bytes))).toEqual(["before", "after"]);
}, 20_000);

test("a node that is killed takes its own rooms along and nobody else's, and brings them back", async () => {
  const ownerOfRoom = async (room: RoomName) => cluster.ownerOf(await cluster.slotOf(keys.channel(room)));
  const owners = await Promise.all(ROOMS.map(ownerOfRoom));
  const [lost, other] = [ROOMS[owners.indexOf(0)] ?? "s1", ROOMS[owners.indexOf(1)] ?? "s1"];
  await say(lost, "before");
  const heard: string[] = [];
  let restored = 0;
  for (const room of [lost, other]) {
    await subscriber.subscribe(keys.channel(room), { onMessage: (bytes) => heard.push(textsOf(bytes)), onRestored: () => (restored += 1) });
  }
  await cluster.nodes[0]?.kill();
  expect((await say(lost, "meanwhile")).kind).toBe("refused");
  expect((await say(other, "elsewhere")).kind).toBe("accepted");
  await expect.poll(() => heard).toEqual(["elsewhere"]);
  const { tips } = await readTips(redis, [lost, other]);
  expect(tips).toEqual(["away", expect.objectContaining({ upto: expect.any(Number) })]);
  const content = { kind: "changes", joined: [1], left: [] } as const;
  const reports = [lost, other].map((name) => ({ room: name, gatewayId: "g1", content }));
  expect([...(await addAudience(redis, reports)).keys()]).toEqual([lost]);
  expect(await countAudience(redis, partitionOfRoom(other))).toBe(1);
  await cluster.nodes[0]?.start();
  await cluster.agree();
  await expect.poll(() => subscriber.isHeard(keys.channel(lost)), { timeout: 10_000 }).toBe(true);
  expect(restored).toBe(1);
  await expect.poll(async () => (await say(lost, "after")).kind, { timeout: 10_000 }).toBe("accepted");
  await expect.poll(() => heard.at(-1)).toBe("after");
  await expect(runCommands(redis, [["xlen", keys.history(lost)]])).resolves.toEqual([2]);
}, 30_000);

/** The texts of a publication's events. */
function textsOf(bytes: Buffer): string {
  return decodePublication(bytes)
    .events.map(({ start, end }) => Object(JSON.parse(bytes.toString("utf8", start, end))).text)
    .join();
}
