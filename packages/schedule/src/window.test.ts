import { describe, expect, test } from "vitest";
import type { DrawConfig } from "./draw-config.ts";
import { chooseCurrent, dailyDrawsAround, stateAt, type TimedSession, windowOf } from "./window.ts";

const at = (iso: string) => Date.parse(iso);
const lateDraw: DrawConfig = { timeZone: "Europe/Berlin", daily: { hour: 23, minute: 30 } };
const oneHour = { pre: 1, post: 1 };

function session(draw: string, state: TimedSession["state"] = "scheduled", hours = oneHour): TimedSession {
  return { state, ...windowOf(at(draw), hours.pre, hours.post) };
}

describe("a window", () => {
  test("is open from its first instant until just before its last", () => {
    const draw = session("2026-05-01T20:00:00Z");
    expect(stateAt(draw, at("2026-05-01T18:59:59.999Z"))).toBe("scheduled");
    expect(stateAt(draw, at("2026-05-01T19:00:00Z"))).toBe("open");
    expect(stateAt(draw, at("2026-05-01T20:59:59.999Z"))).toBe("open");
    expect(stateAt(draw, at("2026-05-01T21:00:00Z"))).toBe("closed");
  });

  test("has fractional hours to the millisecond", () => {
    const { opensAtMs, closesAtMs } = windowOf(at("2026-05-01T20:00:00Z"), 0.25, 1.5);
    expect(new Date(opensAtMs).toISOString()).toBe("2026-05-01T19:45:00.000Z");
    expect(new Date(closesAtMs).toISOString()).toBe("2026-05-01T21:30:00.000Z");
  });

  test("lasts as long over a change to summer time", () => {
    const [draw] = dailyDrawsAround({ timeZone: "Europe/Berlin", daily: { hour: 3, minute: 0 } }, oneHour, at("2026-03-29T00:30:00Z"));
    expect(draw).toMatchObject({ drawDate: "2026-03-29", opensAtMs: at("2026-03-29T00:00:00Z"), closesAtMs: at("2026-03-29T02:00:00Z") });
  });

  test.each(["closed", "cancelled"] as const)("%s is final whatever the time", (state) => {
    expect(stateAt(session("2026-05-01T20:00:00Z", state), at("2026-05-01T20:00:00Z"))).toBe(state);
  });
});

describe("daily draws", () => {
  test("are today's and tomorrow's", () => {
    const dates = dailyDrawsAround(lateDraw, oneHour, at("2026-05-01T10:00:00Z")).map((draw) => draw.drawDate);
    expect(dates).toEqual(["2026-05-01", "2026-05-02"]);
  });

  test("hold yesterday's as long as its window reaches over midnight", () => {
    const dates = (iso: string) => dailyDrawsAround(lateDraw, oneHour, at(iso)).map((draw) => draw.drawDate);
    expect(dates("2026-05-01T22:15:00Z")).toEqual(["2026-05-01", "2026-05-02", "2026-05-03"]); // 00:15 on the 2nd
    expect(dates("2026-05-01T22:30:00Z")).toEqual(["2026-05-02", "2026-05-03"]);
  });

  test("hold tomorrow's whose window opens before midnight", () => {
    const early: DrawConfig = { timeZone: "Europe/Berlin", daily: { hour: 0, minute: 15 } };
    const draws = dailyDrawsAround(early, oneHour, at("2026-05-01T21:30:00Z")); // 23:30 on the 1st
    expect(draws[0]).toMatchObject({ drawDate: "2026-05-02", drawAtMs: at("2026-05-01T22:15:00Z") });
  });

  test("hold every one whose window is open when windows overlap", () => {
    const dates = dailyDrawsAround(lateDraw, { pre: 72, post: 1 }, at("2026-05-01T10:00:00Z")).map((draw) => draw.drawDate);
    expect(dates).toEqual(["2026-05-01", "2026-05-02", "2026-05-03"]);
  });

  test("leave out no date on the days of both changes of the clock", () => {
    for (const now of ["2026-03-28T23:30:00Z", "2026-10-24T23:30:00Z", "2026-10-25T22:59:00Z"]) {
      const dates = dailyDrawsAround(lateDraw, { pre: 1, post: 1 }, at(now)).map((draw) => draw.drawDate);
      expect(dates).toHaveLength(2);
    }
  });

  test("are none where none is configured", () => {
    expect(dailyDrawsAround({ timeZone: "UTC", daily: undefined }, oneHour, 0)).toEqual([]);
  });
});

describe("the current session", () => {
  const now = at("2026-05-01T20:10:00Z");

  test("is the open one whose draw is nearest", () => {
    const near = session("2026-05-01T20:00:00Z");
    const far = session("2026-05-01T20:40:00Z");
    expect(chooseCurrent([far, near, session("2026-05-01T22:00:00Z")], now)).toBe(near);
  });

  test("is the next one where none is open", () => {
    const next = session("2026-05-02T20:00:00Z");
    expect(chooseCurrent([session("2026-05-03T20:00:00Z"), next, session("2026-04-30T20:00:00Z")], now)).toBe(next);
  });

  test("is the last one where none comes", () => {
    const last = session("2026-05-01T20:00:00Z", "closed");
    expect(chooseCurrent([session("2026-04-30T20:00:00Z"), last], now)).toBe(last);
  });

  test("is never a cancelled one", () => {
    expect(chooseCurrent([session("2026-05-01T20:00:00Z", "cancelled")], now)).toBeUndefined();
  });
});
