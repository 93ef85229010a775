import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listenedRoom } from "../test/listened-room.ts";
import { StoredMark } from "./stored-mark.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("stored is told only up to where the sockets are, not up to the smaller of the two", () => {
  const { room, told } = listenedRoom();
  let flushedUpto = 100;
  const stored = new StoredMark(
    room.sockets,
    () => 250,
    () => flushedUpto,
  );
  // Redis lost 80 and 100, and 200 is of its new memory: `stored 100` would vouch for what is lost.
  stored.note(200);
  vi.runAllTimers();
  expect(told).toEqual([]);
  flushedUpto = 200;
  stored.noteFlushed();
  vi.runAllTimers();
  expect(told).toEqual([{ topic: "s1/2", frame: { type: "stored", upto: 200 } }]);
});

test("stored is told at once when it was quiet, then at its pace, and never twice", () => {
  const { room, told } = listenedRoom();
  const stored = new StoredMark(
    room.sockets,
    () => 250,
    () => 1_000,
  );
  for (let upto = 1; upto <= 20; upto += 1) {
    stored.note(upto);
    stored.note(upto);
    vi.advanceTimersByTime(25);
  }
  vi.runAllTimers();
  expect(told.map(({ frame }) => frame)).toEqual([1, 10, 20].map((upto) => ({ type: "stored", upto })));
});

test("in a busy room stored goes along with a batch, within a quarter of a second even if none comes", () => {
  const { room, told } = listenedRoom();
  const stored = new StoredMark(
    room.sockets,
    () => 250,
    () => 1_000,
  );
  const uptos = () => told.map(({ frame }) => frame);
  for (const _ of [1, 2]) {
    stored.noteFlushed();
    vi.advanceTimersByTime(50);
  }
  stored.note(1);
  vi.advanceTimersByTime(50);
  expect(uptos()).toEqual([]);
  stored.noteFlushed();
  expect(uptos()).toEqual([{ type: "stored", upto: 1 }]);
  stored.note(2);
  vi.advanceTimersByTime(499);
  expect(uptos()).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(uptos()).toHaveLength(2);
});
