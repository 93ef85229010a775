import { expect, test } from "vitest";
import { FrameBudget } from "./frame-budget.ts";

function verdicts(count: (nowMs: number) => string, times: readonly number[]): string[] {
  return times.map(count);
}

const at = (nowMs: number, times: number) => Array.from({ length: times }, () => nowMs);

test("sixty frames pass, the sixty-first in 10 s is a flood", () => {
  const budget = new FrameBudget();
  const all = verdicts((now) => budget.countFrame(now), at(1_000, 61));
  expect(all.slice(0, 60)).toEqual(Array.from({ length: 60 }, () => "ok"));
  expect(all[60]).toBe("flood");
});

test("there is no edge of a window to gather at", () => {
  const budget = new FrameBudget();
  const all = verdicts((now) => budget.countFrame(now), [0, ...at(9_900, 40), ...at(10_100, 21)]);
  expect(all.indexOf("flood")).toBe(61);
});

test("six frames a second go on forever", () => {
  const budget = new FrameBudget();
  const times = Array.from({ length: 600 }, (_, i) => Math.ceil((i * 1_000) / 6));
  expect(verdicts((now) => budget.countFrame(now), times)).not.toContain("flood");
});

test("the third frame of bad form in 10 s is one too many, and good frames do not count among them", () => {
  const budget = new FrameBudget();
  verdicts((now) => budget.countFrame(now), at(0, 50));
  expect(verdicts((now) => budget.countBadFrame(now), [0, 5_000, 10_000, 15_000, 19_999])).toEqual(["ok", "ok", "ok", "ok", "bad"]);
});

test("what counts no more is forgotten, what still does is not", () => {
  const budget = new FrameBudget();
  verdicts((now) => budget.countFrame(now), at(0, 60));
  budget.forget(9_999);
  expect(budget.countFrame(9_999)).toBe("flood");
  budget.forget(20_000);
  expect(verdicts((now) => budget.countFrame(now), at(20_000, 60))).not.toContain("flood");
});
