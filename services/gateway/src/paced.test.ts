import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Paced } from "./paced.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Something to tell every 50 ms for just below 4 s; answers how often it was told. `isBusy`: so often the sockets get a batch as well. */
function tellings(sockets: number, isBusy: boolean): number {
  let told = 0;
  const paced = new Paced(
    () => 250,
    () => (told += 1),
    () => sockets,
  );
  for (let ms = 0; ms < 3_950; ms += 50) {
    paced.schedule();
    if (isBusy) paced.ride();
    vi.advanceTimersByTime(50);
  }
  paced.stop();
  return told;
}

test("a room of up to 2,500 sockets is told four times a second", () => {
  expect([tellings(1, false), tellings(2_500, false)]).toEqual([16, 16]);
});

test("the larger a quiet room, the longer until it is written to again, up to a second", () => {
  expect([tellings(5_000, false), tellings(10_000, false), tellings(100_000, false)]).toEqual([8, 4, 4]);
});

test("what rides along with batches costs no write of its own: a large busy room is told as often as a small one", () => {
  expect(tellings(10_000, true)).toBe(tellings(1, true));
});
