import { expect, test } from "vitest";
import { JoinPace } from "./join-pace.ts";

test("a user joins so often in ten seconds, and again in the next ten; others are not counted along", () => {
  const pace = new JoinPace(2);
  expect([1, 2, 3].map((nowMs) => pace.mayJoin(7, nowMs))).toEqual([true, true, false]);
  expect(pace.mayJoin(8, 9_999)).toBe(true);
  expect(pace.mayJoin(7, 10_000)).toBe(true);
});
