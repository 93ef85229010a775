/** Times in words, for people who wait. */
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Time left as `0:07`, `12:34`, `1:02:03`, from a day on `2 d 3 h`. Rounded up, so that 0:00 is the moment itself. */
export function formatLeft(ms: number): string {
  const left = Math.max(0, Math.ceil(ms / SECOND) * SECOND);
  if (left >= DAY) return `${Math.floor(left / DAY)} d ${Math.floor((left % DAY) / HOUR)} h`;
  const minutes = Math.floor((left % HOUR) / MINUTE);
  const seconds = String(Math.floor((left % MINUTE) / SECOND)).padStart(2, "0");
  if (left < HOUR) return `${minutes}:${seconds}`;
  return `${Math.floor(left / HOUR)}:${String(minutes).padStart(2, "0")}:${seconds}`;
}

// Made once: making one costs more than a hundred uses.
const timeFormat = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const countFormat = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

/** A time of day in the reader's own form: `20:15` or `8:15 PM`. */
export function formatTime(unixMs: number): string {
  return timeFormat.format(unixMs);
}

/** Big numbers short, in the reader's own form: `999`, `1.2K`, `3.4M`. */
export function formatCount(count: number): string {
  return countFormat.format(count);
}
