import { expect, test } from "vitest";
import { backFigures, describeBack } from "./storm.ts";

test("who is not back in time is told, with how many", () => {
  const back = { cut: 4_000, missing: 0, withinMs: 3_400, historyReads: 0 };
  expect(describeBack(back)).toBe("4000 sockets were cut off, all were back after 3.4 s; gateways read 0 histories in Redis for it");
  expect(describeBack({ ...back, missing: 12, withinMs: 75_000, historyReads: undefined })).toBe(
    "4000 sockets were cut off, 12 of them were not back after 75.0 s",
  );
});

test("a storm in which nobody is cut off says so, and not how soon all were back", () => {
  const calm = { cut: 0, missing: 0, withinMs: 15_063, historyReads: 0 };
  expect(describeBack(calm)).toBe("nobody was cut off; gateways read 0 histories in Redis meanwhile");
  expect(describeBack({ ...calm, historyReads: undefined })).toBe("nobody was cut off");
  expect(backFigures(calm).map(({ name }) => name)).toEqual(["cutOff", "historyReads"]);
  expect(backFigures({ ...calm, cut: 4 })).toContainEqual({ name: "backWithinMs", value: 15_063, unit: "ms" });
});
