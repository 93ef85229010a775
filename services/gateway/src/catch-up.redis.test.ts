/** Seats of one socket in rooms of a real Redis: each is paged by itself, and joins its topic with its last page. */
import { PARTITIONS, type RoomName } from "@drawchat/protocol/ids";
import { commandClient } from "@drawchat/redis/connect";
import { decodePublication, encodePublication } from "@drawchat/redis/publication";
import { restoreRoom } from "@drawchat/redis/restore";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { afterAll, expect, test } from "vitest";
import { roomDeps } from "../test/listened-room.ts";
import { looseConnection } from "../test/loose-connection.ts";
import { canRecover, sendFirstPage, sendPages, sendResume } from "./catch-up.ts";
import { LiveRoom } from "./live-room.ts";
import { Seat } from "./seat.ts";

const { url } = await testRedis();
const redis = commandClient(url, "test", createLog("test", "silent"));
await redis.connect();
afterAll(() => redis.disconnect());

const EVENTS = 40;
const bodyOf = (id: number) => JSON.stringify({ id, text: "x".repeat(1_500) });
const eventOf = (id: number) => ({ id, kind: "m", flags: 0, userId: 1, clientId: `c${id}`, body: bodyOf(id) });
const idOf = (n: number) => n * PARTITIONS;

/** A room with forty messages of 1.5 KB, some pages full, and one user in it. */
async function openRoom(name: RoomName): Promise<LiveRoom> {
  const policy = { kind: "conversation", version: 1, isBotOn: false, members: new Map<number, never>() } as const;
  const events = Array.from({ length: EVENTS }, (_, n) => eventOf(idOf(n + 1)));
  const snapshot = { room: name, policy, upto: idOf(EVENTS), events, after: 0, likes: new Map(), logFirstEntry: "" };
  expect(await restoreRoom(redis, snapshot)).toBe("restored");
  const room = new LiveRoom(
    name,
    roomDeps(redis, () => undefined),
  );
  expect(await room.open()).toBe(true);
  return room;
}

interface Frame {
  type: string;
  room: string;
  after: number;
  upto: number;
  events: { id: number }[];
}

/** A socket whose buffer is as full as told. */
function stage() {
  const frames: Frame[] = [];
  const topics = new Set<string>();
  const buffer = { bytes: 0 };
  const connection = looseConnection({
    wire: {
      send: (message) => frames.push(JSON.parse(message.toString())),
      subscribe: (topic) => topics.add(topic) !== undefined,
      unsubscribe: (topic) => topics.delete(topic),
      getBufferedAmount: () => buffer.bytes,
    },
  });
  const sit = (room: LiveRoom) => {
    const seat = new Seat(connection, room, 1);
    connection.seats = [...connection.seats, seat];
    room.sockets.add(seat);
    return seat;
  };
  return { frames, topics, buffer, sit };
}

const idsIn = (frames: readonly Frame[], room: RoomName) =>
  frames.flatMap((frame) => (frame.room === room && "events" in frame ? frame.events.map((event) => event.id) : []));
const upTo = (count: number) => Array.from({ length: count }, (_, n) => idOf(n + 1));

test("two rooms of a socket are paged each by itself as the buffer drains, and joined with the last page", async () => {
  const [one, other] = [await openRoom("c64"), await openRoom("c128")];
  const { frames, topics, buffer, sit } = stage();
  const [slow, quick] = [sit(one), sit(other)];
  buffer.bytes = 100_000;
  sendFirstPage(slow, { type: "joined", room: one.name }, 0);
  sendPages(slow);
  buffer.bytes = 0;
  sendFirstPage(quick, { type: "joined", room: other.name }, 0);
  sendPages(quick);
  expect([slow.isLive, quick.isLive, [...topics]]).toEqual([false, true, ["c128/2"]]);
  expect(idsIn(frames, other.name)).toEqual(upTo(EVENTS));
  // A message that comes while the seat is being paged is one of its pages.
  const [last, next] = [idOf(EVENTS), idOf(EVENTS + 1)];
  one.onPublication(decodePublication(encodePublication(one.name, last, next, [eventOf(next)])));
  buffer.bytes = 100_000;
  for (let n = 0; n < 10 && !slow.isLive; n += 1) sendPages(slow);
  expect([slow.isLive, idsIn(frames, one.name)]).toEqual([true, upTo(EVENTS + 1)]);
  const ofOne = frames.filter((frame) => frame.room === one.name);
  const batches = ofOne.filter((frame) => frame.type === "batch");
  expect(batches.map(({ after }) => after)).toEqual([ofOne[0]?.upto, ...batches.slice(0, -1).map(({ upto }) => upto)]);
  expect(ofOne.slice(-2).map(({ type, upto }) => [type, upto])).toEqual([
    ["tip", next],
    ["stored", last],
  ]);
  sendPages(slow);
  expect(frames.filter((frame) => frame.type === "tip")).toHaveLength(2);
});

test("a seat that resumes leaves the topic until it is where the room is; one of another lineage begins anew", async () => {
  const room = await openRoom("c192");
  const { frames, topics, buffer, sit } = stage();
  const seat = sit(room);
  sendFirstPage(seat, { type: "joined", room: room.name }, idOf(EVENTS));
  sendPages(seat);
  expect(topics.size).toBe(1);
  expect([await canRecover(room, { epoch: room.epoch, id: idOf(30) }), await canRecover(room, { epoch: "e", id: idOf(30) })]).toEqual([
    true,
    false,
  ]);
  buffer.bytes = 100_000;
  sendResume(seat, idOf(20));
  expect([seat.isLive, topics.size]).toEqual([false, 0]);
  seat.epoch = "another";
  frames.length = 0;
  buffer.bytes = 0;
  sendPages(seat);
  expect([frames[0]?.type, idsIn(frames, room.name), seat.isLive]).toEqual(["reset", upTo(EVENTS), true]);
});

test("a seat that was told nothing yet is not paged by a drain", async () => {
  const room = await openRoom("c256");
  const { frames, topics, sit } = stage();
  sendPages(sit(room));
  expect([frames, topics.size]).toEqual([[], 0]);
});
