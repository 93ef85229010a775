import { expect, test } from "vitest";
import { LoadLevel } from "./load-level.ts";

const HOLD_MS = 5_000;

function stage() {
  const load = new LoadLevel({ bounds: [0.85, 0.92, 0.97], holdMs: HOLD_MS });
  let nowMs = 0;
  /** This pressure for so long, looked at once a second: the levels that were seen, each once. */
  const press = (pressure: number, ms: number): number[] => {
    const seen = [load.level];
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 1_000) {
      load.note(pressure, nowMs);
      if (load.level !== seen.at(-1)) seen.push(load.level);
    }
    return seen;
  };
  return { load, press };
}

test("a gateway that stays full takes one step after another, each after its time", () => {
  const { load, press } = stage();
  expect(press(1, HOLD_MS)).toEqual([0]);
  expect(press(1, 1_000)).toEqual([0, 1]);
  expect(press(1, 60_000)).toEqual([1, 2, 3]);
  expect(load.refusesSockets).toBe(true);
});

test("it takes no more steps than the pressure asks for", () => {
  expect(stage().press(0.84, 60_000)).toEqual([0]);
  expect(stage().press(0.85, 60_000)).toEqual([0, 1]);
  expect(stage().press(0.96, 60_000)).toEqual([0, 1, 2]);
});

test("a moment below the bound begins the time anew", () => {
  const { press } = stage();
  for (let n = 0; n < 10; n += 1) {
    expect(press(1, HOLD_MS)).toEqual([0]);
    press(0.5, 1_000);
  }
});

test("with less pressure it goes back one by one, and serves everybody again", () => {
  const { load, press } = stage();
  press(1, 60_000);
  expect(press(0.3, HOLD_MS)).toEqual([3]);
  expect(press(0.3, 1_000)).toEqual([3, 2]);
  expect(load.refusesSockets).toBe(false);
  expect(press(0.3, 60_000)).toEqual([2, 1, 0]);
  expect(load.hasLongTicks).toBe(false);
});

test("what a step gained does not undo it: it is given up only well below the bound that brought it", () => {
  const { press } = stage();
  press(0.9, 60_000);
  expect(press(0.7, 60_000)).toEqual([1]);
  expect(press(0.67, 60_000)).toEqual([1, 0]);
});

test("each level has its pace of counts", () => {
  const { load, press } = stage();
  const gaps = [load.countsGapMs];
  for (const pressure of [0.86, 0.93, 0.98]) {
    press(pressure, 10_000);
    gaps.push(load.countsGapMs);
  }
  expect(gaps).toEqual([250, 250, 1_000, 5_000]);
});

test("a bound above 1 is never reached", () => {
  const load = new LoadLevel({ bounds: [1.01, 1.01, 1.01], holdMs: 0 });
  for (let n = 0; n < 10; n += 1) load.note(1, n);
  expect(load.level).toBe(0);
});
