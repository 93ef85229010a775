/** The trail of a room over a real Redis: what it took and what it handed on, with the listeners of either version. */
import { PARTITIONS } from "@drawchat/protocol/ids";
import { commandClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { decodePublication, EVENT_V2_ONLY, encodePublication } from "@drawchat/redis/publication";
import { restoreRoom } from "@drawchat/redis/restore";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { afterAll, expect, test } from "vitest";
import { roomDeps } from "../test/listened-room.ts";
import { looseConnection } from "../test/loose-connection.ts";
import { LiveRoom } from "./live-room.ts";
import { Seat } from "./seat.ts";
import { MARK_BEGIN, MARK_END, Trails } from "./trail.ts";

const { url } = await testRedis();
const redis = commandClient(url, "test", createLog("test", "silent"));
await redis.connect();
afterAll(() => redis.disconnect());

const idOf = (n: number) => n * PARTITIONS;
const eventOf = (n: number, flags = 0) => ({
  id: idOf(n),
  kind: "m",
  flags,
  userId: 1,
  clientId: `c${n}`,
  body: JSON.stringify({ id: n }),
});
const publicationOf = (after: number, n: number, flags = 0) => encodePublication("s64", idOf(after), idOf(n), [eventOf(n, flags)]);

/** A session with three messages, and one socket of version 2 that listens. */
async function openRoom(trails: Trails): Promise<LiveRoom> {
  const policy = {
    kind: "session",
    version: 1,
    state: "open",
    opensMs: 0,
    drawMs: 1,
    closesMs: Date.now() + 3_600_000,
    winners: [],
  } as const;
  const events = [1, 2, 3].map((n) => eventOf(n));
  await restoreRoom(redis, { room: "s64", policy, upto: idOf(3), events, after: 0, likes: new Map(), logFirstEntry: "" });
  const room = new LiveRoom("s64", { ...roomDeps(redis, () => undefined), trails });
  expect(await room.open()).toBe(true);
  room.sockets.add(new Seat(looseConnection({ version: 2, path: { kind: "session", sessionId: 64 } }), room, 1));
  return room;
}

function told(trails: Trails, from = 0): Record<string, unknown> {
  const query = new URLSearchParams({ room: "s64", relayed: String(from), handed1: String(from), handed2: String(from) });
  const { relayed, handed1, handed2 } = JSON.parse(trails.answer(query).body);
  return { relayed: relayed.entries, handed1: handed1.entries, handed2: handed2.entries };
}

test("a trail tells what was taken from Redis and what was handed to how many sockets, through holes, resets and the end", async () => {
  const trails = new Trails(100);
  const room = await openRoom(trails);
  room.onPublication(decodePublication(publicationOf(3, 4)));
  room.onPublication(decodePublication(publicationOf(3, 4)));
  room.onPublication(decodePublication(publicationOf(4, 5, EVENT_V2_ONLY)));
  room.flush();
  const begin = [idOf(3), MARK_BEGIN];
  expect(told(trails)).toEqual({
    relayed: [begin, [idOf(4), 0], [idOf(5), 0]],
    handed1: [begin, [idOf(4), 0], [idOf(5), 0]],
    handed2: [begin, [idOf(4), 1], [idOf(5), 1]],
  });

  // One is not heard: history has it.
  for (const [after, n] of [
    [5, 6],
    [6, 7],
  ] as const) {
    const bytes = publicationOf(after, n);
    await redis.xadd(keys.history("s64"), `${idOf(n)}-0`, "p", bytes, "n", 1);
    await redis.hset(keys.room("s64"), "upto", idOf(n));
    if (n === 7) room.onPublication(decodePublication(bytes));
  }
  await expect.poll(() => room.upto).toBe(idOf(7));
  room.flush();
  expect(told(trails, 3)).toMatchObject({
    relayed: [
      [idOf(6), 0],
      [idOf(7), 0],
    ],
    handed2: [
      [idOf(6), 1],
      [idOf(7), 1],
    ],
  });

  await room.reset("a test");
  room.close();
  const upto = [idOf(7), MARK_END];
  const marks = [upto, [idOf(7), MARK_BEGIN], upto];
  expect(told(trails, 5)).toEqual({ relayed: marks, handed1: marks, handed2: marks });
});

test("a trail that was not read in time says from where on it has the rest, one that is unknown is empty", () => {
  const trails = new Trails(4);
  const trail = trails.of("s1");
  for (let id = 1; id <= 6; id += 1) trail?.note("relayed", id, 0);
  const relayedFrom = (room: string, from: string) => JSON.parse(trails.answer(new URLSearchParams({ room, relayed: from })).body).relayed;
  expect(relayedFrom("s1", "0")).toEqual({
    from: 2,
    next: 6,
    entries: [
      [3, 0],
      [4, 0],
      [5, 0],
      [6, 0],
    ],
  });
  expect(relayedFrom("s1", "5")).toEqual({ from: 5, next: 6, entries: [[6, 0]] });
  expect(relayedFrom("s1", "9")).toEqual({ from: 6, next: 6, entries: [] });
  for (const room of ["s2", "nonsense"]) expect(relayedFrom(room, "-1")).toEqual({ from: 0, next: 0, entries: [] });
  expect(trails.of("c5")).toBeUndefined();
});
