import { expect, test } from "vitest";
import { KnownCallers } from "./known-callers.ts";

/** Callers by a verifier that believes these tokens until a time; counts how often it is asked. */
function callersOf(believed: Record<string, number>) {
  const state = { nowMs: 0, asked: 0 };
  const believedUntilMs = (token: string) => {
    state.asked += 1;
    const untilMs = believed[token];
    return untilMs !== undefined && state.nowMs < untilMs ? untilMs : undefined;
  };
  return { state, callers: new KnownCallers({ believedUntilMs }, () => state.nowMs) };
}

test("who asks again on the same connection is known without another look", () => {
  const { state, callers } = callersOf({ good: 10 });
  const [one, another] = [{}, {}];
  for (let i = 0; i < 5; i += 1) expect(callers.has(one, "Bearer good")).toBe(true);
  expect(state.asked).toBe(1);
  expect(callers.has(another, "Bearer good")).toBe(true);
  expect(state.asked).toBe(2);
});

test("nobody is known longer than the verdict is believed", () => {
  const { state, callers } = callersOf({ good: 10 });
  const connection = {};
  state.nowMs = 9;
  expect(callers.has(connection, "Bearer good")).toBe(true);
  state.nowMs = 10;
  expect(callers.has(connection, "Bearer good")).toBe(false);
});

test("another header on a known connection stands for itself", () => {
  const { callers } = callersOf({ good: 10, other: 10 });
  const connection = {};
  expect(callers.has(connection, "Bearer good")).toBe(true);
  for (const header of ["Bearer gooD", "Bearer goo", "Bearer good,", "Basic good", "", undefined]) {
    expect(callers.has(connection, header)).toBe(false);
  }
  expect(callers.has(connection, "Bearer other")).toBe(true);
  expect(callers.has(connection, "Bearer good")).toBe(true);
});
