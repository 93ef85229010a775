import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { Acceptor } from "./accept.ts";
import { commandClient } from "./connect.ts";
import { readGlance } from "./glance.ts";
import { keys } from "./keys.ts";
import { beatViewers } from "./viewers.ts";

const server = await testRedis();
const log = createLog("test", "silent");
const redis = commandClient(server.url, "test", log);
await redis.connect();
afterAll(() => redis.disconnect());
const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unknown" });
const room = "s42";
const closesMs = Date.now() + 3_600_000;

beforeEach(async () => {
  await flushAll(redis);
  await redis.hset(keys.room(room), { upto: 0, state: "open", opens: 1_000, closes: closesMs, draw: 2_000, version: 3 });
});

const submit = (kind: "m" | "d", message: string) =>
  acceptor.submit({ room, kind, userId: 1, clientId: crypto.randomUUID(), parts: ['{"id":', `,"text":"${message}"}`, ""] });

test("a room that Redis does not know has no policy, but a time", async () => {
  const { room: unknown, redisTimeMs } = await readGlance(redis, "s43");
  expect(unknown).toBeUndefined();
  expect(Math.abs(redisTimeMs - Date.now())).toBeLessThan(1_000);
});

test("it tells the policy, the session's likes and the viewers of all gateways that are not stale", async () => {
  const policy = { state: "open", opensMs: 1_000, closesMs, drawMs: 2_000, version: 3 };
  expect((await readGlance(redis, room)).room).toEqual({ policy, totalLikes: undefined, viewers: 0 });
  await redis.hset(keys.likes(room), { "s:stored": 5, "s:pending": 2, "7:stored": 9 });
  await beatViewers(redis, room, "gateway-1", 3);
  await beatViewers(redis, room, "gateway-2", 4);
  await redis.hset(keys.viewers(room), "gateway-3", `50:${Date.now() - 13_000}`);
  expect((await readGlance(redis, room)).room).toEqual({ policy, totalLikes: 7, viewers: 7 });
});

test("its version is another after every message, deletion and like, and the same while nothing is accepted", async () => {
  const versions = [(await readGlance(redis, room)).version];
  const [accepted] = [await submit("m", "one")];
  versions.push((await readGlance(redis, room)).version);
  await submit("d", "gone");
  versions.push((await readGlance(redis, room)).version);
  await acceptor.like({ room, target: "s", userId: 1 });
  versions.push((await readGlance(redis, room)).version);
  if (accepted?.kind !== "accepted") throw new Error("not accepted");
  await acceptor.like({ room, target: `${accepted.id}`, userId: 1 });
  versions.push((await readGlance(redis, room)).version);
  expect(new Set(versions).size).toBe(5);
  await acceptor.like({ room, target: "s", userId: 1 }); // a second like changes nothing
  expect((await readGlance(redis, room)).version).toBe(versions[4]);
});

test("after a loss of Redis's memory its version is another, whatever the ids are", async () => {
  await submit("m", "one");
  const before = (await readGlance(redis, room)).version;
  const [epoch, last] = before.split(" ");
  await redis.hset(keys.clock(42), "epoch", `${epoch}x`);
  expect((await readGlance(redis, room)).version).toBe(`${epoch}x ${last}`);
});
