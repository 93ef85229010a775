import { expect, test } from "vitest";
import { isOpenAt, type OpeningHours, parseOpenSpan, type Weekday } from "./opening-hours.ts";

const hours = (timeZone: string, days: Partial<Record<Weekday, string[]>>): OpeningHours => ({
  timeZone,
  days: new Map(Object.entries(days).map(([day, spans]) => [day as Weekday, spans.flatMap((span) => parseOpenSpan(span) ?? [])] as const)),
});
const isOpen = (opening: OpeningHours, iso: string) => isOpenAt(opening, Date.parse(iso));

test.each([
  ["09:00-17:30", { from: 540, until: 1_050 }],
  ["00:00-24:00", { from: 0, until: 1_440 }],
  ["9:00-17:00", undefined],
  ["17:00-09:00", undefined],
  ["09:00-09:00", undefined],
  ["09:60-10:00", undefined],
  ["09:00-24:01", undefined],
  ["09:00-25:00", undefined],
  ["", undefined],
])("%j is read as %j", (text, span) => {
  expect(parseOpenSpan(text)).toEqual(span);
});

test("the first minute is open and the last is not", () => {
  const berlin = hours("Europe/Berlin", { monday: ["09:00-12:00", "13:00-17:00"] });
  const at = ["07:59:59", "08:00:00", "10:59:59", "11:00:00", "12:00:00", "16:00:00"]; // UTC, an hour behind
  expect(at.map((time) => isOpen(berlin, `2026-01-05T${time}Z`))).toEqual([false, true, true, false, true, false]);
});

test("the day and the hour are those of the zone, in summer too", () => {
  const tokyo = hours("Asia/Tokyo", { tuesday: ["08:00-09:00"] });
  expect(isOpen(tokyo, "2026-01-05T23:30:00Z")).toBe(true); // Tuesday 08:30 there
  const berlin = hours("Europe/Berlin", { monday: ["09:00-10:00"] });
  expect(isOpen(berlin, "2026-07-06T07:30:00Z")).toBe(true);
  expect(isOpen(berlin, "2026-07-06T08:30:00Z")).toBe(false);
});

test("an hour that comes twice is open twice", () => {
  const berlin = hours("Europe/Berlin", { sunday: ["02:00-03:00"] });
  const at = ["00:30", "01:30", "02:30"].map((time) => isOpen(berlin, `2026-10-25T${time}:00Z`));
  expect(at).toEqual([true, true, false]);
});
