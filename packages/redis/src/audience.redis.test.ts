import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { AUDIENCE_CHUNK_USERS, addAudience, chunkChanges, chunkList, countAudience, readAudience, removeAudience } from "./audience.ts";
import { commandClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { restoreRoom } from "./restore.ts";
import { beatViewers, readBeats } from "./viewers.ts";

const { url } = await testRedis();
const redis = commandClient(url, "test", createLog("test", "silent"));
await redis.connect();
afterAll(() => redis.disconnect());
beforeEach(async () => void (await flushAll(redis)));

const users = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

describe("chunks", () => {
  test("few changes are one part; many are joins, then leaves, each of a bounded size", () => {
    expect(chunkChanges([1, 2], [2])).toEqual([{ kind: "changes", joined: [1, 2], left: [2] }]);
    const parts = chunkChanges(users(4_500), users(2_500));
    expect(parts.map(({ joined, left }) => [joined.length, left.length])).toEqual([
      [2_000, 0],
      [2_000, 0],
      [500, 0],
      [0, 2_000],
      [0, 500],
    ]);
  });

  test("the ranges of a list's parts cover every id once", () => {
    const parts = chunkList([...users(4_500)].reverse());
    expect(parts.map(({ from, to, users: part }) => [from, to, part.length])).toEqual([
      [1, 2_000, 2_000],
      [2_001, 4_000, 2_000],
      [4_001, Number.MAX_SAFE_INTEGER, 500],
    ]);
    expect(chunkList([])).toEqual([{ kind: "list", from: 1, to: Number.MAX_SAFE_INTEGER, users: [] }]);
  });
});

describe("the stream", () => {
  test("gives what was reported, in order, until it is removed", async () => {
    const reports = [
      { room: "s7", gatewayId: "g1", content: { kind: "changes", joined: [1, 9_007_199_254_740_991], left: [] } },
      { room: "s71", gatewayId: "g2", content: { kind: "changes", joined: [], left: [3] } },
      { room: "s7", gatewayId: "g1", content: { kind: "list", from: 1, to: 50, users: [4] } },
    ] as const;
    await addAudience(redis, reports);
    const entries = (await readAudience(redis, [6, 7], 10)).get(7) ?? [];
    expect(entries.map((entry) => entry.report)).toEqual(reports);
    expect(Math.abs((entries[0]?.atMs ?? 0) - Date.now())).toBeLessThan(5_000);
    const ids = entries.map((entry) => entry.streamId);
    await removeAudience(redis, 7, ids.slice(0, 2));
    expect((await readAudience(redis, [7], 10)).get(7)?.map((entry) => entry.streamId)).toEqual(ids.slice(2));
  });

  test("is trimmed by length, however long nobody reads it", async () => {
    const content = { kind: "changes", joined: users(AUDIENCE_CHUNK_USERS), left: [] } as const;
    const page = Array.from({ length: 100 }, () => ({ room: "s7", gatewayId: "g1", content }) as const);
    for (let n = 0; n < 15; n += 1) await addAudience(redis, page);
    expect(await countAudience(redis, 7)).toBeLessThan(1_200);
  });

  test.each([
    ["no room", ["g", "g1", "j", "1", "l", ""]],
    ["a bad room", ["r", "x7", "g", "g1", "j", "1", "l", ""]],
    ["no gateway", ["r", "s7", "j", "1", "l", ""]],
    ["a bad user", ["r", "s7", "g", "g1", "j", "1,-2", "l", ""]],
    ["a user beyond 2^53", ["r", "s7", "g", "g1", "j", "9007199254740993", "l", ""]],
    ["a list without its range", ["r", "s7", "g", "g1", "u", "1"]],
    ["nothing known", ["a", "b"]],
  ])("an entry with %s is there, without a report", async (_what, fields) => {
    await redis.xadd(keys.audience(7), "*", ...fields);
    expect((await readAudience(redis, [7], 10)).get(7)?.map((entry) => entry.report)).toEqual([undefined]);
  });

  test("what Redis does not take is told by room, and is nothing to the others", async () => {
    await redis.set(keys.audience(7), "something else");
    const content = { kind: "changes", joined: [1], left: [] } as const;
    const rooms = ["s7", "s8", "s7"] as const;
    const failed = await addAudience(
      redis,
      rooms.map((room) => ({ room, gatewayId: "g1", content })),
    );
    expect([...failed]).toEqual([["s7", expect.objectContaining({ message: expect.stringContaining("WRONGTYPE") })]]);
    expect(await countAudience(redis, 8)).toBe(1);
  });
});

describe("the peak", () => {
  const room = async () => {
    const nowMs = Date.now();
    const policy = {
      kind: "session",
      state: "open",
      opensMs: nowMs,
      closesMs: nowMs + 60_000,
      drawMs: nowMs,
      winners: [],
      version: 1,
    } as const;
    await restoreRoom(redis, { room: "s7", policy, upto: 0, events: [], after: 0, likes: new Map(), logFirstEntry: "" });
  };

  test("is the highest sum over gateways, and stays when they leave", async () => {
    await room();
    for (const [gateway, count] of [["g1", 5] as const, ["g2", 3] as const, ["g1", 1] as const, ["g2", 0] as const]) {
      await beatViewers(redis, "s7", gateway, count);
    }
    const { beats, redisTimeMs } = await readBeats(redis, ["s7", "s8"]);
    expect(beats.get("s7")?.peak).toBe(8);
    expect([...(beats.get("s7")?.seenMs.keys() ?? [])]).toEqual(["g1"]);
    expect(Math.abs((beats.get("s7")?.seenMs.get("g1") ?? 0) - redisTimeMs)).toBeLessThan(1_000);
    expect(beats.get("s8")).toEqual({ seenMs: new Map(), peak: 0 });
  });

  test("of a room that Redis does not know makes no room", async () => {
    await beatViewers(redis, "s7", "g1", 5);
    expect(await redis.exists(keys.room("s7"))).toBe(0);
  });
});
