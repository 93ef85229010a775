import { expect, test } from "vitest";
import { TypingThrottle } from "./typing-throttle.ts";

test("who types is told every 3 s at most, each user by themselves; that they stopped, at once and once", () => {
  const typing = new TypingThrottle();
  const seen = (
    [
      [1, true, 0],
      [1, true, 2_999],
      [2, true, 2_999],
      [1, true, 3_000],
      [1, false, 3_001],
      [1, false, 3_002],
      [1, true, 3_003],
      [1, false, 3_004],
      [1, true, 4_000],
      [3, false, 6_000],
    ] as const
  ).map(([userId, isTyping, nowMs]) => typing.isDue(userId, isTyping, nowMs));
  expect(seen).toEqual([true, false, true, true, true, false, false, false, true, false]);
});

test("a flood of changes is told at most twice a second", () => {
  const typing = new TypingThrottle();
  const told = Array.from({ length: 600 }, (_, n) => typing.isDue(1, n % 2 === 0, n * 10)).filter(Boolean);
  expect(told).toHaveLength(12);
});
