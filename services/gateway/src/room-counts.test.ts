import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection, type Wire } from "./connection.ts";
import { RoomCounts } from "./room-counts.ts";
import { RoomSockets } from "./room-sockets.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const wire: Wire = {
  send: () => 1,
  end: () => undefined,
  subscribe: () => true,
  unsubscribe: () => true,
  getBufferedAmount: () => 0,
};

/** Counts of a room with a listener of either version; what their topics are told is collected. */
function listenedCounts() {
  const told: { topic: string; frame: unknown }[] = [];
  const sockets = new RoomSockets("s1", (topic, bytes) => told.push({ topic, frame: JSON.parse(bytes.toString()) }));
  for (const version of [1, 2] as const) {
    const handshake = { sessionId: 1, version, token: "", subprotocol: undefined };
    sockets.add(new Connection(wire, handshake, { onClose: () => undefined, onDropped: () => undefined }), version);
  }
  const place = { flushedUpto: 100 };
  return { counts: new RoomCounts(sockets, () => place.flushedUpto), told, place };
}

test("stored is told only up to where the sockets are, not up to the smaller of the two", () => {
  const { counts, told, place } = listenedCounts();
  // Redis lost 80 and 100, and 200 is of its new memory: `stored 100` would vouch for what is lost.
  counts.note({ type: "stored", upto: 200 });
  vi.runAllTimers();
  expect(told).toEqual([]);
  place.flushedUpto = 200;
  counts.noteFlushed();
  vi.runAllTimers();
  expect(told).toEqual([{ topic: "s1/2", frame: { type: "stored", upto: 200 } }]);
});

test("counts are told at once when quiet, then at most four times a second, the latest values only", () => {
  const { counts, told } = listenedCounts();
  for (let likes = 1; likes <= 20; likes += 1) {
    counts.note({ type: "counts", total_likes: likes, likes: { 7: likes } });
    vi.advanceTimersByTime(25);
  }
  const v2 = told.filter(({ topic }) => topic === "s1/2").map(({ frame }) => frame);
  expect(v2[0]).toEqual({ type: "counts", total_likes: 1, likes: { 7: 1 } });
  expect(v2).toHaveLength(3);
  expect(v2[2]).toEqual({ type: "counts", total_likes: 20, likes: { 7: 20 } });
  expect(
    told
      .filter(({ topic }) => topic === "s1/1")
      .slice(-2)
      .map(({ frame }) => frame),
  ).toEqual([
    { type: "session_like_update", total_likes: 20 },
    { type: "message_like_update", message_id: 7, likes: 20 },
  ]);
});
