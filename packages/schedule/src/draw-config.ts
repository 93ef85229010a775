/** When the daily draw takes place: read from DRAW_TIME_HOUR, DRAW_TIME_MINUTE, DRAW_TIMEZONE. */
import type { Env } from "@drawchat/runtime/env";
import { Temporal } from "temporal-polyfill";

export interface DrawConfig {
  /** IANA name. Also tells which local date an explicit session belongs to. */
  readonly timeZone: string;
  /** Undefined: there is no daily draw. */
  readonly daily: { readonly hour: number; readonly minute: number } | undefined;
}

/** Neither hour nor minute set: no daily draw. An hour alone means the full hour. Leading zeros are fine. */
export function readDrawConfig(env: Env): DrawConfig {
  const timeZone = readTimeZone(env);
  const hasHour = env.optional("DRAW_TIME_HOUR") !== undefined;
  const hasMinute = env.optional("DRAW_TIME_MINUTE") !== undefined;
  const hour = env.int("DRAW_TIME_HOUR", 0, { min: 0, max: 23 });
  const minute = env.int("DRAW_TIME_MINUTE", 0, { min: 0, max: 59 });
  if (hasMinute && !hasHour) env.problem("DRAW_TIME_MINUTE needs DRAW_TIME_HOUR");
  env.refuseUnknown("DRAW_TIME");
  return { timeZone, daily: hasHour ? { hour, minute } : undefined };
}

function readTimeZone(env: Env): string {
  const name = env.optional("DRAW_TIMEZONE");
  if (name === undefined) return hostTimeZone();
  const known = canonicalTimeZone(name);
  if (known === undefined) env.problem("DRAW_TIMEZONE must be an IANA time zone, such as Europe/Berlin");
  return known ?? "UTC";
}

/** The host's zone; UTC where the host has none that is known. */
function hostTimeZone(): string {
  return canonicalTimeZone(Intl.DateTimeFormat().resolvedOptions().timeZone) ?? "UTC";
}

/** The zone with its usual spelling; undefined where it is not an IANA name (a bare offset is not one). */
export function canonicalTimeZone(name: string): string | undefined {
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined; // RangeError: no such zone
  }
}

/** The date (`2026-03-29`) that a clock on the wall of the zone shows at an instant (Unix ms). */
export function localDateOf(timeZone: string, unixMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(unixMs).toZonedDateTimeISO(timeZone).toPlainDate().toString();
}

/**
 * The instant (Unix ms) of the daily draw of a local date; undefined where no daily draw is configured. A local
 * time that does not exist that day moves forward by the gap; one that exists twice is the first.
 */
export function dailyDrawAt({ timeZone, daily }: DrawConfig, localDate: string): number | undefined {
  if (daily === undefined) return undefined;
  const local = Temporal.PlainDate.from(localDate).toPlainDateTime({ hour: daily.hour, minute: daily.minute });
  return local.toZonedDateTime(timeZone, { disambiguation: "compatible" }).epochMilliseconds;
}

/** The local date `days` later; negative: earlier. Days of the calendar, whatever their length in hours. */
export function addDays(localDate: string, days: number): string {
  return Temporal.PlainDate.from(localDate).add({ days }).toString();
}
