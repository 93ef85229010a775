import { expect, test } from "vitest";
import { describeBack } from "./storm.ts";

test("who is not back in time is told, with how many", () => {
  const back = { cut: 4_000, missing: 0, withinMs: 3_400, historyReads: 0 };
  expect(describeBack(back)).toBe("4000 sockets were cut off, all were back after 3.4 s; gateways read 0 histories in Redis for it");
  expect(describeBack({ ...back, missing: 12, withinMs: 75_000, historyReads: undefined })).toBe(
    "4000 sockets were cut off, 12 of them were not back after 75.0 s",
  );
});
