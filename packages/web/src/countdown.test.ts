import { expect, test } from "vitest";
import { formatCount, formatLeft } from "./countdown.ts";

test("time left is told in the shortest form that is exact", () => {
  expect([0, -5, 7_000, 754_000, 3_723_000, 97_200_000].map(formatLeft)).toEqual(["0:00", "0:00", "0:07", "12:34", "1:02:03", "1 d 3 h"]);
});

test("a part of a second counts as one that is still to come", () => {
  expect(formatLeft(1)).toBe("0:01");
  expect(formatLeft(59_001)).toBe("1:00");
});

test("big counts are shortened", () => {
  expect([0, 999, 1_200, 3_400_000].map(formatCount)).toEqual(["0", "999", "1.2K", "3.4M"]);
});
