import { expect, test } from "vitest";
import { JoinPace } from "./join-pace.ts";

test("who joined and left so often joins again in the next ten seconds only; who stays, and others, are not held up", () => {
  const pace = new JoinPace(2);
  pace.noteEnd(7, 1);
  expect(pace.mayJoin(7, 2)).toBe(true);
  pace.noteEnd(7, 9_998);
  expect([pace.mayJoin(7, 9_999), pace.mayJoin(8, 9_999)]).toEqual([false, true]);
  expect(pace.mayJoin(7, 10_000)).toBe(true);
  expect([1, 2, 3].map((ms) => pace.mayJoin(9, ms))).toEqual([true, true, true]);
});
