import { connect as connectTcp, createServer, type Socket } from "node:net";
import { freePort } from "@drawchat/local/ports";
import { commandClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { Subscriber } from "@drawchat/redis/subscriber";
import { createLog } from "@drawchat/runtime/log";
import { testRedisServer } from "@drawchat/testkit/redis";
import { afterAll, expect, test } from "vitest";
import { SubscriptionProbe } from "./subscription-probe.ts";

const server = await testRedisServer();
const log = createLog("test", "silent");

/** A way to Redis on which one may stop what comes back, the connection staying open. */
async function muteableWay() {
  const pairs: [Socket, Socket][] = [];
  const proxy = createServer((near) => {
    const far = connectTcp(server.port, "127.0.0.1");
    pairs.push([near, far]);
    near.on("data", (bytes) => far.write(bytes));
    far.on("data", (bytes) => near.write(bytes));
    for (const [a, b] of [
      [near, far],
      [far, near],
    ] as const) {
      a.on("error", () => b.destroy());
      a.on("close", () => b.destroy());
    }
  });
  const port = await freePort();
  await new Promise<void>((resolve) => proxy.listen(port, "127.0.0.1", resolve));
  afterAll(() => proxy.close());
  return {
    url: `redis://127.0.0.1:${port}`,
    /** Nothing more comes through the connections there are; new ones work. */
    mute: () => {
      for (const [, far] of pairs) far.removeAllListeners("data").resume();
    },
  };
}

test("a subscription that went dumb is found and made anew; a healthy one is left alone", async () => {
  const way = await muteableWay();
  const redis = commandClient(server.url, "test", log);
  const [subscriber, witness] = [new Subscriber(way.url, "test", log), new Subscriber(server.url, "witness", log)];
  await Promise.all([redis.connect(), subscriber.connect(), witness.connect()]);
  afterAll(() => {
    redis.disconnect();
    subscriber.disconnect();
    witness.disconnect();
  });
  const dead: number[] = [];
  const probe = new SubscriptionProbe({ redis, subscriber, gatewayId: "g", log, onDead: () => dead.push(1), probeMs: 20, answerMs: 300 });
  await probe.start();
  afterAll(() => probe.stop());

  let rings = 0;
  const bell = keys.probe("g", 0);
  await witness.subscribe(bell, { onMessage: () => (rings += 1) });
  const threeRings = async () => {
    const from = rings;
    await expect.poll(() => rings, { timeout: 10_000 }).toBeGreaterThan(from + 3);
  };
  await threeRings();
  expect(dead).toEqual([]);

  way.mute();
  await expect.poll(() => dead, { timeout: 10_000 }).toEqual([1]);
  await expect.poll(() => subscriber.isHeard(bell), { timeout: 10_000 }).toBe(true);
  await threeRings();
  expect(dead).toEqual([1]);
});
