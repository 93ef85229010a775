/** When something was, short enough for a list: a time of today, else a day. */
import { formatTime } from "../countdown.ts";

const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const yearFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

export function formatWhen(unixMs: number, now = Date.now()): string {
  const [day, today] = [new Date(unixMs), new Date(now)];
  if (day.toDateString() === today.toDateString()) return formatTime(unixMs);
  return (day.getFullYear() === today.getFullYear() ? dayFormat : yearFormat).format(day);
}
