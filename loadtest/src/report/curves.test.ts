import { expect, test } from "vitest";
import { Curves } from "./curves.ts";

test("a curve stays bounded and keeps its highest value and its whole span", () => {
  const curves = new Curves();
  for (let second = 0; second < 100_000; second += 1) {
    curves.note({ group: "cpu", name: "gateway-1", unit: "cores", seconds: second, value: second === 54_321 ? 9 : 0.5 });
  }
  const points = curves.take()[0]?.points ?? [];
  expect(points.length).toBeLessThan(2_400);
  expect(points[0]?.[0]).toBe(0);
  expect(points.at(-1)?.[0]).toBeGreaterThan(99_900);
  expect(points.filter(([, value]) => value === 9)).toHaveLength(1);
});

test("curves are told by group and name, and what is no number is passed over", () => {
  const curves = new Curves();
  const point = { group: "cpu", name: "a", unit: "cores", seconds: 1.23456 } as const;
  curves.note({ ...point, value: 1 / 3 });
  curves.note({ ...point, group: "memory", value: 5 });
  curves.note({ ...point, value: Number.NaN });
  curves.note({ ...point, value: Number.POSITIVE_INFINITY });
  expect(curves.take()).toEqual([
    { group: "cpu", name: "a", unit: "cores", points: [[1.23, 0.333333]] },
    { group: "memory", name: "a", unit: "cores", points: [[1.23, 5]] },
  ]);
});
