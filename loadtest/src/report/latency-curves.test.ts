import { expect, test, vi } from "vitest";
import { encodeHistogram, newHistogram } from "../generator/latency.ts";
import { LatencyCurves } from "./latency-curves.ts";

function encoded(ms: number, count: number): string {
  const histogram = newHistogram();
  histogram.recordValueWithCount(ms * 1_000, count);
  return encodeHistogram(histogram);
}

test("each second has one point a percentile, of what all workers timed in it", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  try {
    const points: [string, number][] = [];
    const curves = new LatencyCurves({ note: (_, name, __, value) => points.push([name, Math.round(value)]) });
    curves.add({ delivery: encoded(10, 98) });
    curves.add({ delivery: encoded(200, 2) });
    expect(points).toEqual([]);
    vi.advanceTimersByTime(1_000);
    curves.add({});
    expect(points.map(([name]) => name)).toEqual(["delivery p50", "delivery p99"]);
    expect(points[0]?.[1]).toBeCloseTo(10, -1);
    expect(points[1]?.[1]).toBeGreaterThan(190);
    vi.advanceTimersByTime(1_000);
    curves.add({});
    expect(points).toHaveLength(2); // a second in which nothing came
  } finally {
    vi.useRealTimers();
  }
});
