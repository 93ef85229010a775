import { expect, test } from "vitest";
import { Rush } from "./rush.ts";

function noteEvery(rush: Rush, { from, stepMs, count }: { from: number; stepMs: number; count: number }): void {
  for (let i = 0; i < count; i += 1) rush.note(from + i * stepMs);
}

test("a line a second is no rush, the twelfth within ten seconds is one, and it passes", () => {
  const rush = new Rush();
  noteEvery(rush, { from: 0, stepMs: 1_000, count: 30 });
  expect(rush.isOn(29_000)).toBe(false);
  noteEvery(rush, { from: 30_000, stepMs: 100, count: 12 });
  expect(rush.isOn(31_200)).toBe(true);
  expect(rush.isOn(40_000)).toBe(false);
});

test("a rush is summed up every twenty seconds with what came since, and never without a rush", () => {
  const rush = new Rush();
  noteEvery(rush, { from: 0, stepMs: 2_000, count: 5 });
  expect(rush.takeSummary(8_000)).toBeUndefined();
  noteEvery(rush, { from: 8_000, stepMs: 100, count: 250 });
  expect(rush.takeSummary(27_000)).toBeUndefined();
  expect(rush.takeSummary(33_000)).toBe(250);
  noteEvery(rush, { from: 33_000, stepMs: 100, count: 30 });
  expect(rush.takeSummary(36_000)).toBeUndefined();
});
