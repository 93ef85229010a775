import { ConfigError, Env } from "@drawchat/runtime/env";
import { describe, expect, test } from "vitest";
import { dailyDrawAt, localDateOf, readDrawConfig } from "./draw-config.ts";

function read(source: Record<string, string>) {
  const env = new Env(source);
  const config = readDrawConfig(env);
  env.finish();
  return config;
}

function drawOf(timeZone: string, time: string, date: string): string {
  const [hour, minute] = time.split(":").map(Number);
  const at = dailyDrawAt({ timeZone, daily: { hour: hour ?? 0, minute: minute ?? 0 } }, date);
  return new Date(at ?? Number.NaN).toISOString();
}

describe("configuration", () => {
  test("nothing set means no daily draw, in the host's zone", () => {
    expect(read({})).toEqual({ timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, daily: undefined });
  });

  test("hour and minute may have leading zeros", () => {
    expect(read({ DRAW_TIME_HOUR: "08", DRAW_TIME_MINUTE: "05", DRAW_TIMEZONE: "Europe/Berlin" })).toEqual({
      timeZone: "Europe/Berlin",
      daily: { hour: 8, minute: 5 },
    });
  });

  test("an hour alone means the full hour", () => {
    expect(read({ DRAW_TIME_HOUR: "20", DRAW_TIMEZONE: "UTC" }).daily).toEqual({ hour: 20, minute: 0 });
  });

  test.each([
    [{ DRAW_TIME_HOUR: "24" }, "DRAW_TIME_HOUR"],
    [{ DRAW_TIME_HOUR: "8.5" }, "DRAW_TIME_HOUR"],
    [{ DRAW_TIME_HOUR: "20", DRAW_TIME_MINUTE: "60" }, "DRAW_TIME_MINUTE"],
    [{ DRAW_TIME_MINUTE: "30" }, "DRAW_TIME_MINUTE"],
    [{ DRAW_TIMEZONE: "Mars/Olympus" }, "DRAW_TIMEZONE"],
    [{ DRAW_TIMEZONE: "+02:00" }, "DRAW_TIMEZONE"],
    [{ DRAW_TIME_HOURS: "20" }, "DRAW_TIME_HOURS"],
  ])("%j is a problem that names the variable", (source, name) => {
    expect(() => read(source)).toThrow(ConfigError);
    expect(() => read(source)).toThrow(name);
  });
});

describe("the instant of a daily draw", () => {
  test("follows the zone's offset through the year", () => {
    expect(drawOf("Europe/Berlin", "20:00", "2026-01-15")).toBe("2026-01-15T19:00:00.000Z");
    expect(drawOf("Europe/Berlin", "20:00", "2026-07-15")).toBe("2026-07-15T18:00:00.000Z");
  });

  test.each([
    ["Europe/Berlin", "02:30", "2026-03-29", "2026-03-29T01:30:00.000Z"], // 03:30 summer time
    ["America/New_York", "02:30", "2026-03-08", "2026-03-08T07:30:00.000Z"], // 03:30 summer time
    ["Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:45:00.000Z"], // 02:45: the gap is half an hour
  ])("%s %s on %s does not exist and moves forward by the gap", (zone, time, date, instant) => {
    expect(drawOf(zone, time, date)).toBe(instant);
  });

  test.each([
    ["Europe/Berlin", "02:30", "2026-10-25", "2026-10-25T00:30:00.000Z"],
    ["America/New_York", "01:30", "2026-11-01", "2026-11-01T05:30:00.000Z"],
    ["Australia/Lord_Howe", "01:45", "2026-04-05", "2026-04-04T14:45:00.000Z"],
  ])("%s %s on %s exists twice and is the first", (zone, time, date, instant) => {
    expect(drawOf(zone, time, date)).toBe(instant);
  });

  test("the local date is the zone's, not UTC's", () => {
    const at = Date.parse("2026-05-01T23:30:00Z");
    expect(localDateOf("Europe/Berlin", at)).toBe("2026-05-02");
    expect(localDateOf("America/New_York", at)).toBe("2026-05-01");
  });
});
