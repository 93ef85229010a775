import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listenedRoom } from "../test/listened-room.ts";
import { RoomCounts } from "./room-counts.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("counts are told at once when quiet, then at most four times a second, the latest values only", () => {
  const { room, told } = listenedRoom();
  const counts = new RoomCounts(room.sockets, () => 250);
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
