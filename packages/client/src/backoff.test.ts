import { expect, test } from "vitest";
import { Backoff } from "./backoff.ts";
import { comebackAfter } from "./comeback.ts";
import { FrameBudget } from "./frame-budget.ts";

test("the ceiling doubles from 500 ms up to 30 s and starts anew after a reset", () => {
  const backoff = new Backoff({ random: () => 1 });
  expect(Array.from({ length: 8 }, () => backoff.nextMs())).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  backoff.reset();
  expect(backoff.nextMs()).toBe(500);
});

test("a delay is anywhere between nothing and its ceiling", () => {
  const draws = [0, 0.25, 0.9];
  const backoff = new Backoff({ random: () => draws.shift() ?? 0 });
  expect([backoff.nextMs(), backoff.nextMs(), backoff.nextMs()]).toEqual([0, 250, 1_800]);
});

test("codes from 4500 on are final, others are not", () => {
  expect(comebackAfter(4503, "", false)).toEqual({ kind: "final" });
  expect(comebackAfter(4509, "", true)).toEqual({ kind: "final" });
  expect(comebackAfter(1008, "", true)).toEqual({ kind: "final" });
  for (const code of [1006, 1011, 1012, 1013, 4000, 4008, 4029]) expect(comebackAfter(code, "", false)).toEqual({ kind: "retry" });
});

test("4504 is final, unless its reason says when the chat opens", () => {
  const opensAt = Date.UTC(2026, 0, 1, 20);
  expect(comebackAfter(4504, "session unknown, over or disabled", false)).toEqual({ kind: "final" });
  expect(comebackAfter(4504, "opens_at=2026-01-01T20:00:00.000Z", false)).toEqual({ kind: "wait", opensAt });
  expect(comebackAfter(4504, "opens_at=soon", false)).toEqual({ kind: "final" });
});

test("4501 is final, unless the token had worked and a newer one can be had", () => {
  expect(comebackAfter(4501, "", false)).toEqual({ kind: "final" });
  expect(comebackAfter(4501, "", true)).toEqual({ kind: "retry" });
});

test("forty frames may leave in ten seconds, the next when the first is ten seconds old", () => {
  const budget = new FrameBudget();
  budget.spend(1_000, 40);
  expect(budget.available(10_999)).toBe(0);
  expect(budget.freeAt(10_999)).toBe(11_000);
  expect(budget.available(11_000)).toBe(40);
});
