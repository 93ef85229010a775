/** Hours of a week in one time zone, as a clock on the wall there shows them. */
import { Temporal } from "temporal-polyfill";

/** In the order of ISO: Temporal's `dayOfWeek` less one. */
export const WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Minutes of the day: from the first until just before the second. */
export interface OpenSpan {
  readonly from: number;
  readonly until: number;
}

export interface OpeningHours {
  /** IANA name. */
  readonly timeZone: string;
  /** A day that is absent is closed. */
  readonly days: ReadonlyMap<Weekday, readonly OpenSpan[]>;
}

/** `09:00-17:30`, at most until `24:00`; undefined where it is no such thing. Over midnight it is two, a day each. */
export function parseOpenSpan(text: string): OpenSpan | undefined {
  const [, from, until] = /^([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})$/.exec(text) ?? [];
  const span = { from: minuteOfDay(from), until: minuteOfDay(until) };
  return span.from < span.until ? span : undefined;
}

/** NaN, which nothing is less than, where it is no time of a day. */
function minuteOfDay(text = ""): number {
  const [hours = Number.NaN, minutes = Number.NaN] = text.split(":").map(Number);
  return hours > 24 || minutes > 59 || hours * 60 + minutes > 1_440 ? Number.NaN : hours * 60 + minutes;
}

/** On days of a change to or from summer time, too, by what the clock on the wall shows. */
export function isOpenAt({ timeZone, days }: OpeningHours, unixMs: number): boolean {
  const { dayOfWeek, hour, minute } = Temporal.Instant.fromEpochMilliseconds(unixMs).toZonedDateTimeISO(timeZone);
  const day = WEEKDAYS[dayOfWeek - 1];
  const now = hour * 60 + minute;
  return day !== undefined && (days.get(day) ?? []).some(({ from, until }) => from <= now && now < until);
}
