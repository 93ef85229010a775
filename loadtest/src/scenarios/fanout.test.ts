import { expect, test } from "vitest";
import { bestOf, problemOf } from "./fanout.ts";

const rung = (deliveriesPerSecond: number, more: Record<string, number> = {}) => ({ name: "", figures: { deliveriesPerSecond, ...more } });

test("a rung without processor left, or with late messages, does not hold", () => {
  expect(problemOf(rung(1, { gatewayCpuShare: 0.95, deliveryP99Ms: 200 }), 200)).toBeUndefined();
  expect(problemOf(rung(1, { gatewayCpuShare: 0.97 }), 200)).toBe("a gateway had no processor left (97 %)");
  expect(problemOf(rung(1, { deliveryP99Ms: 201 }), 200)).toBe("the 99th percentile was 201 ms");
});

test("the best rate is that of a rung that held, and none where none did", () => {
  const ladder = [rung(10_000), rung(40_000), rung(90_000, { deliveryP99Ms: 4_000 })];
  const held = ladder.filter((one) => problemOf(one, 200) === undefined);
  expect(bestOf(held)).toEqual([{ name: "bestDeliveriesPerSecond", value: 40_000, unit: "deliveries/s" }]);
  expect(bestOf([])).toEqual([]);
});
