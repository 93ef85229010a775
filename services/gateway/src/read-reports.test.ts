import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listenedRoom } from "../test/listened-room.ts";
import { ReadReports } from "./read-reports.ts";
import type { Seat } from "./seat.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the first mark of a seat goes out at once, then the newest every 2 s, and none twice", () => {
  const [one, other] = [...listenedRoom().room.sockets.seats];
  if (one === undefined || other === undefined) throw new Error("two seats are there");
  const submitted: [Seat, number][] = [];
  const reads = new ReadReports(async (seat, upto) => submitted.push([seat, upto]) > 0);
  for (let upto = 1; upto <= 30; upto += 1) {
    reads.note(one, upto);
    vi.advanceTimersByTime(100);
  }
  reads.note(other, 5);
  reads.note(one, 7);
  reads.note(other, 4);
  vi.runAllTimers();
  expect(submitted.filter(([seat]) => seat === one).map(([, upto]) => upto)).toEqual([1, 20, 30]);
  expect(submitted.filter(([seat]) => seat === other).map(([, upto]) => upto)).toEqual([5]);
});

test("a mark that was refused does not stand in the way of the lower one that is right", async () => {
  const [seat] = [...listenedRoom().room.sockets.seats];
  if (seat === undefined) throw new Error("a seat is there");
  const submitted: number[] = [];
  const reads = new ReadReports(async (_seat, upto) => submitted.push(upto) > 0 && upto < 1_000);
  for (const upto of [5, 9_999, 7, 6]) {
    reads.note(seat, upto);
    await vi.advanceTimersByTimeAsync(2_000);
  }
  expect(submitted).toEqual([5, 9_999, 7]);
});
