import { PARTITIONS } from "@drawchat/protocol/ids";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { findKeys, flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { commandClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { claimLease, Leases, releaseLease } from "./lease.ts";

const TTL_MS = 600;
const log = createLog("test", "silent");
const server = await testRedis();
const redis = commandClient(server.url, "test", log);
await redis.connect();
afterAll(() => redis.disconnect());

const started: Leases[] = [];
beforeEach(() => flushAll(redis));
afterEach(() => Promise.all(started.splice(0).map((leases) => leases.stop())));

interface Player {
  leases: Leases;
  /** Partitions it was told to serve, and not told to leave. */
  serving: Set<number>;
}

function start(owner: string): Player {
  const serving = new Set<number>();
  const leases = new Leases({
    redis,
    owner,
    log,
    onGained: (partition) => serving.add(partition),
    onLost: (partition) => serving.delete(partition),
    ttlMs: TTL_MS,
    roundMs: 100,
  });
  started.push(leases);
  leases.start();
  return { leases, serving };
}

const served = (...players: Player[]) => players.flatMap(({ serving }) => [...serving]).sort((a, b) => a - b);
const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);

test("a lease is one owner's until it is released", async () => {
  expect(await claimLease(redis, 3, "ann", TTL_MS)).toBe(true);
  expect(await claimLease(redis, 3, "bob", TTL_MS)).toBe(false);
  expect(await claimLease(redis, 3, "ann", TTL_MS)).toBe(true);
  expect(await releaseLease(redis, 3, "bob")).toBe(false);
  expect(await releaseLease(redis, 3, "ann")).toBe(true);
  expect(await claimLease(redis, 3, "bob", TTL_MS)).toBe(true);
});

test("a lease that is not renewed runs out", async () => {
  await claimLease(redis, 3, "ann", 50);
  await vi.waitFor(async () => expect(await claimLease(redis, 3, "bob", TTL_MS)).toBe(true));
});

test("writers share the partitions evenly, each partition with one of them", async () => {
  const ann = start("ann");
  await vi.waitFor(() => expect(served(ann)).toEqual(all));
  const bob = start("bob");
  await vi.waitFor(() => expect([ann.serving.size, bob.serving.size]).toEqual([32, 32]), { timeout: 3_000 });
  expect(served(ann, bob)).toEqual(all);
});

test("a dead writer's partitions are taken over", async () => {
  const ann = start("ann");
  const bob = start("bob");
  await vi.waitFor(() => expect([ann.serving.size, bob.serving.size]).toEqual([32, 32]), { timeout: 3_000 });
  await bob.leases.stop();
  await vi.waitFor(() => expect(served(ann)).toEqual(all), { timeout: TTL_MS + 1_500 });
  expect(await redis.get(keys.writerLease([...bob.serving][0] ?? 0))).toBe("ann");
});

test("released partitions are free at once", async () => {
  const ann = start("ann");
  await vi.waitFor(() => expect(served(ann)).toEqual(all));
  await ann.leases.stop();
  await ann.leases.release();
  expect(await findKeys(redis, "*")).toEqual([]);
});

test("what a flush took is taken again", async () => {
  const ann = start("ann");
  await vi.waitFor(() => expect(served(ann)).toEqual(all));
  await flushAll(redis);
  await vi.waitFor(async () => expect(await findKeys(redis, "*:writer")).toHaveLength(PARTITIONS));
  expect(served(ann)).toEqual(all);
});
