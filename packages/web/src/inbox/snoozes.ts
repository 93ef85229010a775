/** For how long a conversation can be put aside. */
const HOUR_MS = 3_600_000;
const MORNING_HOUR = 9;

export const SNOOZES = [
  { name: "Snooze for an hour", until: (now: number) => new Date(now + HOUR_MS).toISOString() },
  { name: "Snooze until tomorrow", until: (now: number) => morningIn(1, now) },
  { name: "Snooze for a week", until: (now: number) => morningIn(7, now) },
] as const;
export type SnoozeName = (typeof SNOOZES)[number]["name"];

/** In the morning, by the agent's own clock. */
function morningIn(days: number, now: number): string {
  const morning = new Date(now);
  morning.setDate(morning.getDate() + days);
  morning.setHours(MORNING_HOUR, 0, 0, 0);
  return morning.toISOString();
}
