import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { tellNodes } from "@drawchat/testkit/redis-nodes";
import { afterAll, expect, test } from "vitest";
import { publish } from "./commands.ts";
import { commandClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { Subscriber } from "./subscriber.ts";

const server = await testRedis();
const log = createLog("test", "silent");
const [redis, subscriber] = [commandClient(server.url, "test", log), new Subscriber(server.url, "test", log)];
await Promise.all([redis.connect(), subscriber.connect()]);
afterAll(() => {
  redis.disconnect();
  subscriber.disconnect();
});
const CHANNELS = Array.from({ length: 64 }, (_, partition) => keys.probe("g", partition));

test("subscriptions that are cut while they are being made again are heard again, and their owners told", async () => {
  const restored = new Set<string>();
  const heard: string[] = [];
  const listen = (channel: string) =>
    subscriber.subscribe(channel, { onMessage: () => heard.push(channel), onRestored: () => restored.add(channel) });
  await Promise.all(CHANNELS.map(listen));
  for (let round = 0; round < 10; round += 1) {
    restored.clear();
    await tellNodes(redis, "CLIENT", "KILL", "TYPE", "pubsub");
    await expect.poll(() => restored.size, { timeout: 3_000, interval: 1 }).toBe(CHANNELS.length);
  }
  await Promise.all(CHANNELS.map((channel) => publish(redis, channel, "x")));
  await expect.poll(() => new Set(heard).size).toBe(CHANNELS.length);
});

test("a channel that is left and entered in the same breath is heard, by the last who entered alone", async () => {
  const channel = keys.channel("s7");
  const heard: string[] = [];
  const enter = (name: string) => subscriber.subscribe(channel, { onMessage: () => heard.push(name) });
  await enter("first");
  subscriber.unsubscribe(channel);
  const second = enter("second");
  subscriber.unsubscribe(channel);
  const third = enter("third");
  await Promise.all([second, third]);
  await publish(redis, channel, "x");
  await expect.poll(() => heard).toEqual(["third"]);
  subscriber.unsubscribe(channel);
  expect(subscriber.isHeard(channel)).toBe(false);
});

test("where Redis is away a subscription fails at once and leaves nothing behind", async () => {
  const away = new Subscriber("redis://127.0.0.1:1", "test", log);
  await expect(away.connect()).rejects.toThrow();
  await expect(away.subscribe("c", { onMessage: () => undefined })).rejects.toThrow(/away/);
  expect([away.isReady, away.isHeard("c")]).toEqual([false, false]);
  away.disconnect();
});
