import { Env } from "@drawchat/runtime/env";
import { expect, test } from "vitest";
import { parseRedisUrl, readRedisUrl, redisAddress } from "./redis-url.ts";

test("one node is named by redis:// or rediss://", () => {
  expect(parseRedisUrl("redis://cache")).toMatchObject({ kind: "node", node: { host: "cache", port: 6379 }, isTls: false });
  const secured = parseRedisUrl("rediss://ann:p%40ss@10.0.0.1:7000/2");
  expect(secured).toMatchObject({ kind: "node", node: { host: "10.0.0.1", port: 7000 }, isTls: true, username: "ann", password: "p@ss" });
});

test("a cluster is named by some of its nodes, with user, password and TLS", () => {
  expect(parseRedisUrl("redis-cluster://a:7000,b,[::1]:7002/")).toEqual({
    kind: "cluster",
    nodes: [
      { host: "a", port: 7000 },
      { host: "b", port: 6379 },
      { host: "::1", port: 7002 },
    ],
    isTls: false,
    username: undefined,
    password: undefined,
  });
  const secured = parseRedisUrl("rediss-cluster://:p%2Css@a:1,b:2");
  expect(secured).toMatchObject({ isTls: true, username: undefined, password: "p,ss" });
});

test.each([
  ["localhost:6379", /must be a redis:\/\/ URL, or redis-cluster/],
  ["http://localhost:6379", /must be a redis:\/\/ URL/],
  ["redis-cluster://", /must list a cluster's nodes/],
  ["redis-cluster://a:1,,b:2", /must list a cluster's nodes/],
  ["redis-cluster://a:1;b:2", /must list a cluster's nodes/],
  ["redis-cluster://a:70000", /must list a cluster's nodes/],
  ["redis-cluster://a:1,b:2/1", /one database/],
  ["redis-cluster://secret@a:1", /user:password@/],
  ["redis-cluster://:%zz@a:1", /percent-encoded/],
])("%s is refused with what is wrong", (text, problem) => {
  const env = new Env({ REDIS_URL: text });
  readRedisUrl(env);
  expect(() => env.finish()).toThrow(problem);
});

test("what is told of an address holds no secret", () => {
  expect(redisAddress("redis-cluster://ann:hidden@a:1,b:2")).toBe("a:1,b:2");
  expect(redisAddress("redis://:hidden@a")).toBe("a:6379");
  const env = new Env({ REDIS_URL: "redis-cluster://hidden@a:1" });
  readRedisUrl(env);
  expect(() => env.finish()).toThrow(expect.objectContaining({ message: expect.not.stringContaining("hidden") }));
});
