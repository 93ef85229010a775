/** Two gateways' presence over a real Redis. */

import { commandClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { readPresence } from "@drawchat/redis/presence";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { looseConnection } from "../test/loose-connection.ts";
import { Presence } from "./presence.ts";
import { RedisClock } from "./redis-clock.ts";

const { url } = await testRedis();
const log = createLog("test", "silent");
const SOON = { timeout: 5_000, interval: 20 };

/** A gateway's presence on connections of its own. */
async function startPresence(gatewayId: string) {
  const [redis, subscriber] = [commandClient(url, gatewayId, log), new Subscriber(url, gatewayId, log)];
  await Promise.all([redis.connect(), subscriber.connect()]);
  const told: string[] = [];
  const onPresence = (userId: number, state: string, lastSeenMs?: number) =>
    told.push(`${userId} ${state}${lastSeenMs === undefined ? "" : " seen"}`);
  const presence = new Presence({ redis, subscriber, gatewayId, clock: new RedisClock(), log, onPresence });
  await presence.start();
  return { presence, redis, subscriber, told };
}

const [here, there] = await Promise.all([startPresence("g1"), startPresence("g2")]);
afterAll(async () => {
  await Promise.all([here.presence.stop(), there.presence.stop()]);
  for (const { redis, subscriber } of [here, there]) {
    redis.disconnect();
    subscriber.disconnect();
  }
});

let userId = 100;
beforeEach(() => {
  userId += 1;
});
/** What the other gateway told of this test's user. */
const toldThere = () => there.told.filter((text) => text.startsWith(`${userId} `));

test("what a user's sockets say on one gateway is known on the other, and in Redis", async () => {
  const [phone, laptop] = [looseConnection(), looseConnection()];
  here.presence.set(phone, userId, "online");
  await expect.poll(() => there.presence.stateOf(userId), SOON).toBe("online");
  here.presence.set(laptop, userId, "online");
  here.presence.set(phone, userId, "away");
  here.presence.set(laptop, userId, "away");
  await expect.poll(() => there.presence.stateOf(userId), SOON).toBe("away");
  expect((await readPresence(here.redis, [userId])).get(userId)?.state).toBe("away");
  here.presence.remove(laptop, userId);
  here.presence.remove(phone, userId);
  await expect.poll(toldThere, SOON).toEqual([`${userId} online`, `${userId} away`, `${userId} offline seen`]);
  expect((await readPresence(here.redis, [userId])).get(userId)).toEqual({ state: "offline", lastSeenMs: expect.any(Number) });
});

test("a user on both gateways is online as long as one of them says so", async () => {
  const [one, other] = [looseConnection(), looseConnection()];
  here.presence.set(one, userId, "online");
  there.presence.set(other, userId, "away");
  await expect.poll(() => [here.presence.stateOf(userId), there.presence.stateOf(userId)], SOON).toEqual(["online", "online"]);
  here.presence.remove(one, userId);
  await expect.poll(() => [here.presence.stateOf(userId), there.presence.stateOf(userId)], SOON).toEqual(["away", "away"]);
  there.presence.remove(other, userId);
});

test("a change whose publication was lost is found by the version of the list", async () => {
  const connection = looseConnection();
  there.subscriber.unsubscribe(keys.presenceChannel);
  here.presence.set(connection, userId, "online");
  await expect.poll(() => there.presence.stateOf(userId), SOON).toBe("online");
  await there.presence.listen();
  here.presence.remove(connection, userId);
  await expect.poll(() => there.presence.stateOf(userId), SOON).toBe("offline");
});

test("after Redis lost its memory the lists come back, and nobody was offline meanwhile", async () => {
  const connection = looseConnection();
  here.presence.set(connection, userId, "online");
  await expect.poll(toldThere, SOON).toEqual([`${userId} online`]);
  await flushAll(here.redis);
  await expect.poll(async () => (await readPresence(here.redis, [userId])).get(userId)?.state, SOON).toBe("online");
  expect(toldThere()).toEqual([`${userId} online`]);
  here.presence.remove(connection, userId);
});

test("who was on a gateway that is stopped is offline at once", async () => {
  const third = await startPresence("g3");
  third.presence.set(looseConnection(), userId, "online");
  await expect.poll(() => there.presence.stateOf(userId), SOON).toBe("online");
  await third.presence.stop();
  await expect.poll(toldThere, SOON).toEqual([`${userId} online`, `${userId} offline seen`]);
  expect(await third.redis.exists(keys.presenceAt("g3"))).toBe(0);
  third.redis.disconnect();
  third.subscriber.disconnect();
});
