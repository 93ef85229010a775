import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { afterAll, expect, test } from "vitest";
import { WriteLimiter } from "./write-limiter.ts";

const server = await testRedis();
const redis = commandClient(server.url, "test", createLog("test", "silent"));
await redis.connect();
afterAll(() => redis.disconnect());
const refused = expect.objectContaining({ code: "rate_limited", retryAfterMs: expect.any(Number) });

test("two processes share a user's budget", async () => {
  const [one, other] = [new WriteLimiter({ redis, perMinute: 3 }), new WriteLimiter({ redis, perMinute: 3 })];
  for (const limiter of [one, other, one]) await limiter.take(1, "live_chat");
  await expect(other.take(1, "live_chat")).rejects.toEqual(refused);
  await other.take(2, "live_chat");
});

test.each([0, -1, Number.NaN, 1.5])("%s is no key of a budget", async (userId) => {
  await expect(new WriteLimiter({ redis, perMinute: 3 }).take(userId, "live_chat")).rejects.toThrow(TypeError);
});

test("each kind of call has a budget of its own", async () => {
  const limiter = new WriteLimiter({ redis, perMinute: 1 });
  await limiter.take(6, "messages");
  await limiter.take(6, "marks");
  await expect(limiter.take(6, "messages")).rejects.toEqual(refused);
});

test("0 is no limit", async () => {
  const limiter = new WriteLimiter({ redis, perMinute: 0 });
  for (let i = 0; i < 100; i += 1) await limiter.take(3, "live_chat");
});

test("while Redis is away each process goes on counting for itself", async () => {
  const limiter = new WriteLimiter({ redis, perMinute: 2 });
  await server.kill();
  for (let i = 0; i < 2; i += 1) await limiter.take(4, "live_chat");
  await expect(limiter.take(4, "live_chat")).rejects.toEqual(refused);
  await limiter.take(5, "live_chat");
});
