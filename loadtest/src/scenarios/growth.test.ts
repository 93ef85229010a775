import { expect, test } from "vitest";
import { growthOf } from "./growth.ts";

test("a straight rise is found, by the hour, whatever the distances of its points", () => {
  const growth = growthOf([0, 1, 5, 60, 61].map((s) => [s, 100 + 2 * s]));
  expect(growth?.perHour).toBeCloseTo(7_200);
  expect(growth?.fit).toBeCloseTo(1);
});

test("what only goes up and down does not grow, and the line explains none of it", () => {
  const growth = growthOf(Array.from({ length: 100 }, (_, s) => [s, s % 2]));
  expect(Math.abs(growth?.perHour ?? 99)).toBeLessThan(5);
  expect(growth?.fit).toBeLessThan(0.01);
});

test("what stays is no growth; a start is left out where that is asked for; two points say nothing", () => {
  expect(growthOf([0, 1, 2].map((s) => [s, 7]))).toEqual({ perHour: 0, fit: 1, points: 3 });
  expect(growthOf([[0, 0], ...[10, 11, 12].map((s): [number, number] => [s, 7])], 10)?.perHour).toBe(0);
  expect(
    growthOf([
      [0, 1],
      [1, 2],
    ]),
  ).toBeUndefined();
});
