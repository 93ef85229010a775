import type { RoomName } from "@drawchat/protocol/ids";
import { readAudience, removeAudience } from "@drawchat/redis/audience";
import { commandClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { Audience } from "./audience.ts";

const { url } = await testRedis();
const redis = commandClient(url, "test", createLog("test", "silent"));
await redis.connect();
afterAll(() => redis.disconnect());

/** Who is in which room; a room that is absent has no listeners here. */
const rooms = new Map<RoomName, { epoch: string; sockets: { userIds: number[] } }>();
let audience: Audience;

beforeEach(async () => {
  await flushAll(redis);
  rooms.clear();
  audience = new Audience({ redis, gatewayId: "g1", find: (room) => rooms.get(room) });
});

function setRoom(room: RoomName, userIds: number[], epoch = "e1"): void {
  rooms.set(room, { epoch, sockets: { userIds } });
}

/** Redis knows of one in s7, and not yet that they left, nor that nobody else is there. */
async function leaveAsLast(): Promise<void> {
  setRoom("s7", [1]);
  audience.noteJoin("s7", 1);
  await audience.report();
  await taken();
  rooms.delete("s7");
  audience.noteLeave("s7", 1);
}

/** Takes what was reported of a partition: `s7 +1,2 -3` for changes, `s7 =1,2` for a list. */
async function taken(partition = 7): Promise<string[]> {
  const entries = (await readAudience(redis, [partition], 100)).get(partition) ?? [];
  await removeAudience(
    redis,
    partition,
    entries.map((entry) => entry.streamId),
  );
  return entries.flatMap(({ report }) => {
    if (report === undefined) return "unreadable";
    const { room, content } = report;
    return content.kind === "list" ? `${room} =${content.users}` : `${room} +${content.joined} -${content.left}`;
  });
}

test("a room begins with its changes and a list; then only what changed is told", async () => {
  setRoom("s7", [1, 2]);
  audience.noteJoin("s7", 1);
  audience.noteJoin("s7", 2);
  await audience.report();
  expect(await taken()).toEqual(["s7 +1,2 -", "s7 =1,2"]);
  await audience.report();
  expect(await taken()).toEqual([]);
  audience.noteLeave("s7", 1);
  audience.noteJoin("s7", 3);
  await audience.report();
  expect(await taken()).toEqual(["s7 +3 -1"]);
});

test("who leaves and comes again within a report is in it as one who joined, who came and went as both", async () => {
  setRoom("s7", [1]);
  audience.noteLeave("s7", 1);
  audience.noteJoin("s7", 1);
  audience.noteJoin("s7", 2);
  audience.noteLeave("s7", 2);
  await audience.report();
  expect(await taken()).toEqual(["s7 +1,2 -2", "s7 =1"]);
});

test("a room that the last one left tells so, and is forgotten", async () => {
  await leaveAsLast();
  await audience.report();
  expect(await taken()).toEqual(["s7 + -1"]);
  audience.noteLoss();
  await audience.report();
  expect(await taken()).toEqual([]);
});

test("a full list comes again by itself", async () => {
  audience = new Audience({ redis, gatewayId: "g1", find: (room) => rooms.get(room), listMs: 0 });
  setRoom("s7", [1]);
  audience.noteJoin("s7", 1);
  await audience.report();
  await audience.report();
  expect(await taken()).toEqual(["s7 +1 -", "s7 =1", "s7 =1"]);
});

test("another epoch, and a loss, bring a list", async () => {
  setRoom("s7", [1]);
  setRoom("s71", [5]);
  audience.noteJoin("s7", 1);
  audience.noteJoin("s71", 5);
  await audience.report();
  await taken();
  setRoom("s7", [1], "e2");
  await audience.report();
  expect(await taken()).toEqual(["s7 =1"]);
  audience.noteLoss();
  await audience.report();
  expect(await taken()).toEqual(["s7 =1", "s71 =5"]);
});

test("what Redis did not take goes out with the next report, behind it a list, and what came since is newer", async () => {
  setRoom("s7", [2, 4]);
  audience.noteJoin("s7", 1);
  audience.noteJoin("s7", 2);
  audience.noteLeave("s7", 4);
  await redis.set(keys.audience(7), "something else");
  const failing = audience.report();
  audience.noteLeave("s7", 1);
  audience.noteJoin("s7", 4);
  await expect(failing).rejects.toThrow("WRONGTYPE");
  await redis.del(keys.audience(7));
  await audience.report();
  expect(await taken()).toEqual(["s7 +4,1,2 -1", "s7 =2,4"]);
});

test("what Redis did not take of one room is told again of that room alone", async () => {
  for (const room of ["s7", "s8"] as const) {
    setRoom(room, [1]);
    audience.noteJoin(room, 1);
  }
  await redis.set(keys.audience(7), "something else");
  await expect(audience.report()).rejects.toThrow("WRONGTYPE");
  expect(await taken(8)).toEqual(["s8 +1 -", "s8 =1"]);
  await redis.del(keys.audience(7));
  await audience.report();
  expect([await taken(7), await taken(8)]).toEqual([["s7 +1 -", "s7 =1"], []]);
});

test("a room that the last one left is not forgotten before Redis has taken it", async () => {
  await leaveAsLast();
  await redis.set(keys.audience(7), "something else");
  for (let n = 0; n < 2; n += 1) await expect(audience.report()).rejects.toThrow("WRONGTYPE");
  await redis.del(keys.audience(7));
  await audience.report();
  await audience.report();
  expect(await taken()).toEqual(["s7 + -1", "s7 ="]);
});
