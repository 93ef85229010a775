import { connect as connectTcp, createServer, type Socket } from "node:net";
import { freePort } from "@drawchat/local/ports";
import { commandClient, subscriberClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { afterAll, expect, test } from "vitest";
import { SubscriptionProbe } from "./subscription-probe.ts";

const server = await testRedis();
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
  const subscriber = subscriberClient(way.url, "test", log);
  await Promise.all([redis.connect(), subscriber.connect()]);
  afterAll(() => {
    redis.disconnect();
    subscriber.disconnect();
  });
  const dead: number[] = [];
  const probe = new SubscriptionProbe({ redis, subscriber, gatewayId: "g", log, onDead: () => dead.push(1), probeMs: 20, answerMs: 300 });
  await probe.start();
  afterAll(() => probe.stop());

  const bells = () =>
    new Promise<void>((resolve) => {
      let left = 3;
      const onBell = () => {
        left -= 1;
        if (left > 0) return;
        subscriber.off("messageBuffer", onBell);
        resolve();
      };
      subscriber.on("messageBuffer", onBell);
    });
  await bells();
  expect(dead).toEqual([]);

  const back = new Promise<void>((resolve) => subscriber.once("ready", resolve));
  way.mute();
  await back;
  expect(dead).toEqual([1]);
  await bells();
  expect(dead).toEqual([1]);
});
