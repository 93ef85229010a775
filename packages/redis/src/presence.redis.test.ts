import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { commandClient } from "./connect.ts";
import { keys } from "./keys.ts";
import {
  beatPresence,
  decodePresenceChange,
  drainSeen,
  leavePresence,
  type PresenceChange,
  readGatewayPresence,
  readPresence,
  removeDeadGateways,
  writePresence,
} from "./presence.ts";
import { Subscriber } from "./subscriber.ts";

const { url } = await testRedis();
const log = createLog("test", "silent");
const [redis, subscriber] = [commandClient(url, "test", log), new Subscriber(url, "test", log)];
await Promise.all([redis.connect(), subscriber.connect()]);
afterAll(() => {
  redis.disconnect();
  subscriber.disconnect();
});
beforeEach(async () => void (await flushAll(redis)));

/** The list that a gateway has, or begins, with these users. */
async function gatewayWith(gatewayId: string, users: Record<number, "online" | "away"> = {}): Promise<number> {
  const listed = Object.entries(users).map(([user, state]) => [Number(user), state] as const);
  const version = await writePresence(redis, gatewayId, { follows: undefined, users: listed });
  if (version === undefined) throw new Error("a list that begins is always taken");
  return version;
}

/** Its last beat was so long ago. */
async function silence(gatewayId: string, ms: number): Promise<number> {
  const [beat = "", version = ""] = ((await redis.hget(keys.presenceGateways, gatewayId)) ?? "").split(":");
  const seenMs = Number(beat) - ms;
  await redis.hset(keys.presenceGateways, gatewayId, `${seenMs}:${version}`);
  return seenMs;
}

test("a user is online where any gateway says so, away where all who have them say away, else offline", async () => {
  await gatewayWith("g1", { 1: "online", 2: "away", 3: "away" });
  await gatewayWith("g2", { 1: "away", 2: "online", 3: "away" });
  const states = [...(await readPresence(redis, [1, 2, 3, 4]))].map(([userId, { state }]) => [userId, state]);
  expect(states).toEqual([
    [1, "online"],
    [2, "online"],
    [3, "away"],
    [4, "offline"],
  ]);
  expect(await readPresence(redis, [])).toEqual(new Map());
});

test("of a gateway that fell silent nobody is there: they were last seen at its last beat", async () => {
  await gatewayWith("g1", { 1: "online", 2: "online" });
  await gatewayWith("g2", { 2: "away" });
  const seenMs = await silence("g1", 12_500);
  const presence = await readPresence(redis, [1, 2]);
  expect(presence.get(1)).toEqual({ state: "offline", lastSeenMs: seenMs });
  expect(presence.get(2)?.state).toBe("away");
});

test("changes follow one another and are told as they are", async () => {
  const heard: (PresenceChange | undefined)[] = [];
  await subscriber.subscribe(keys.presenceChannel, { onMessage: (bytes) => heard.push(decodePresenceChange(bytes)) });
  const first = await gatewayWith('g"1');
  const second = await writePresence(redis, 'g"1', { follows: first, users: [[9_007_199_254_740_991, "online"]] });
  const third = await writePresence(redis, 'g"1', { follows: second, users: [[9_007_199_254_740_991, "offline"]] });
  await leavePresence(redis, 'g"1');
  await expect.poll(() => heard.length).toBe(4);
  subscriber.unsubscribe(keys.presenceChannel);
  expect(heard.map((change) => [change?.gatewayId, change?.follows, change?.version, [...(change?.users ?? [])]])).toEqual([
    ['g"1', undefined, first, []],
    ['g"1', first, second, [[9_007_199_254_740_991, "online"]]],
    ['g"1', second, third, [[9_007_199_254_740_991, "offline"]]],
    ['g"1', undefined, 0, []],
  ]);
  expect([first, second ?? 0, third ?? 0].toSorted((a, b) => a - b)).toEqual([first, second, third]);
});

test.each(["", "{", "null", "7", "[]", "{}", '{"gateway":7,"version":1,"at_ms":1}', '{"gateway":"g","version":1}'])(
  "the change %s cannot be read",
  (text) => expect(decodePresenceChange(Buffer.from(text))).toBeUndefined(),
);

test("a change that does not follow is not taken, and nor is one after Redis lost its memory", async () => {
  const version = await gatewayWith("g1", { 1: "online" });
  expect(await writePresence(redis, "g1", { follows: version - 1, users: [[2, "online"]] })).toBeUndefined();
  expect(await readGatewayPresence(redis, "g1")).toEqual({ version, users: new Map([[1, "online"]]) });
  await flushAll(redis);
  expect(await writePresence(redis, "g1", { follows: version, users: [[2, "online"]] })).toBeUndefined();
  expect(await readGatewayPresence(redis, "g1")).toBeUndefined();
  expect(await gatewayWith("g1", { 1: "online" })).toBeGreaterThanOrEqual(version);
});

test("a beat is written only where the list is the one that the gateway thinks", async () => {
  const version = await gatewayWith("g1");
  await gatewayWith("g2");
  const seenMs = await silence("g1", 5_000);
  const missed = await beatPresence(redis, "g1", version + 1);
  expect(missed.gateways.get("g1")).toEqual({ seenMs, version });
  const beat = await beatPresence(redis, "g1", version);
  expect(beat.gateways.get("g1")).toEqual({ seenMs: beat.redisTimeMs, version });
  expect([...beat.gateways.keys()].toSorted()).toEqual(["g1", "g2"]);
});

test("who leaves was last seen then; who was on a list that begins anew, at its last beat", async () => {
  const version = await gatewayWith("g1", { 1: "online", 2: "online" });
  await writePresence(redis, "g1", { follows: version, users: [[1, "offline"]] });
  const { redisTimeMs } = await beatPresence(redis, "g1", 0);
  expect(Math.abs(((await readPresence(redis, [1])).get(1)?.lastSeenMs ?? 0) - redisTimeMs)).toBeLessThan(1_000);
  const seenMs = await silence("g1", 3_000);
  await gatewayWith("g1");
  expect((await readPresence(redis, [2])).get(2)).toEqual({ state: "offline", lastSeenMs: seenMs });
});

test("a gateway that is silent for a minute is removed, its users last seen at its last beat unless they were since", async () => {
  await gatewayWith("g1", { 1: "online", 2: "online" });
  await gatewayWith("g2", { 3: "online" });
  const seenMs = await silence("g1", 61_000);
  await silence("g2", 59_000);
  await redis.hset(keys.presenceSeen, "2", seenMs + 1);
  expect(await removeDeadGateways(redis)).toBe(1);
  expect(await redis.hgetall(keys.presenceSeen)).toEqual({ 1: `${seenMs}`, 2: `${seenMs + 1}` });
  expect(await redis.exists(keys.presenceAt("g1"))).toBe(0);
  expect(await redis.hkeys(keys.presenceGateways)).toEqual(["g2"]);
  expect(await removeDeadGateways(redis)).toBe(0);
});

test("who was last seen when is handed over, and forgotten once that is stored, unless it moved meanwhile", async () => {
  await redis.hset(keys.presenceSeen, { 1: 1_000, 2: 2_000 });
  await expect(drainSeen(redis, async () => Promise.reject(new Error("Postgres is away")))).rejects.toThrow("away");
  const stored: Record<string, number>[] = [];
  const drained = await drainSeen(redis, async (seen) => {
    stored.push(Object.fromEntries(seen));
    await redis.hset(keys.presenceSeen, "2", 2_500);
  });
  expect([drained, stored]).toEqual([2, [{ 1: 1_000, 2: 2_000 }]]);
  expect(await redis.hgetall(keys.presenceSeen)).toEqual({ 2: "2500" });
  expect(await drainSeen(redis, async () => undefined)).toBe(1);
  expect(await drainSeen(redis, async () => Promise.reject(new Error("nothing to store")))).toBe(0);
});

test("many users are drained in parts", async () => {
  await redis.hset(keys.presenceSeen, Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [n + 1, 1_000])));
  const parts: number[] = [];
  while ((parts.at(-1) ?? 1) > 0) parts.push(await drainSeen(redis, async () => undefined));
  expect(parts.reduce((sum, part) => sum + part, 0)).toBe(5_000);
  expect(Math.max(...parts)).toBeLessThan(2_200);
});
