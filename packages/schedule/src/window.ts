/**
 * The window of a session, `scheduled → open → closed | cancelled`. It is judged by instants alone; callers pass the
 * time of Redis, never their own.
 */
import type { SessionState } from "@drawchat/protocol/frames";
import { addDays, type DrawConfig, dailyDrawAt, localDateOf } from "./draw-config.ts";

export const HOUR_MS = 3_600_000;

/** Instants in Unix ms. Open from `opensAtMs` on, until just before `closesAtMs`. */
export interface DrawWindow {
  drawAtMs: number;
  opensAtMs: number;
  closesAtMs: number;
}

/** What decides a session's state: its window, and what was decided by hand or is already over. */
export interface TimedSession extends DrawWindow {
  state: SessionState;
}

/** A daily draw of one local date. */
export interface DailyDraw extends DrawWindow {
  drawDate: string;
}

/** Hours may have fractions; the window is rounded to whole milliseconds. */
export function windowOf(drawAtMs: number, preHours: number, postHours: number): DrawWindow {
  return {
    drawAtMs,
    opensAtMs: drawAtMs - Math.round(preHours * HOUR_MS),
    closesAtMs: drawAtMs + Math.round(postHours * HOUR_MS),
  };
}

/** `closed` and `cancelled` are final, whoever set them; otherwise the window alone decides. */
export function stateAt({ state, opensAtMs, closesAtMs }: Omit<TimedSession, "drawAtMs">, nowMs: number): SessionState {
  if (state === "closed" || state === "cancelled") return state;
  if (nowMs < opensAtMs) return "scheduled";
  return nowMs < closesAtMs ? "open" : "closed";
}

/**
 * The daily draws that should have a session now: every one whose window holds `nowMs`, today's unless it is over,
 * and tomorrow's. In order of their draws; empty where there is no daily draw.
 */
export function dailyDrawsAround(config: DrawConfig, hours: { pre: number; post: number }, nowMs: number): DailyDraw[] {
  if (config.daily === undefined) return [];
  const dateAt = (unixMs: number) => localDateOf(config.timeZone, unixMs);
  const tomorrow = addDays(dateAt(nowMs), 1);
  const last = addDays(dateAt(nowMs + hours.pre * HOUR_MS), 1);
  const draws: DailyDraw[] = [];
  // Steps are dates, not 24 hours: on the day of a change to summer time a step of 24 hours can skip a date.
  for (let drawDate = addDays(dateAt(nowMs - hours.post * HOUR_MS), -1); drawDate <= last; drawDate = addDays(drawDate, 1)) {
    const drawAtMs = dailyDrawAt(config, drawDate);
    if (drawAtMs === undefined) break;
    const draw = { drawDate, ...windowOf(drawAtMs, hours.pre, hours.post) };
    if (draw.closesAtMs > nowMs && (draw.opensAtMs <= nowMs || drawDate <= tomorrow)) draws.push(draw);
  }
  return draws;
}

/**
 * The session that calls without a session id speak of: the open one whose draw is nearest, else the next, else the
 * last. Cancelled ones never. Undefined where there is none.
 */
export function chooseCurrent<S extends TimedSession>(sessions: readonly S[], nowMs: number): S | undefined {
  const inState = (wanted: SessionState) => sessions.filter((session) => stateAt(session, nowMs) === wanted);
  const distance = (session: S) => Math.abs(session.drawAtMs - nowMs);
  return (
    inState("open").sort((a, b) => distance(a) - distance(b))[0] ??
    inState("scheduled").sort((a, b) => a.drawAtMs - b.drawAtMs)[0] ??
    inState("closed").sort((a, b) => b.drawAtMs - a.drawAtMs)[0]
  );
}
