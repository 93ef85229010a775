/** A live session for a test, made as an admin makes one. */
import type { Db } from "@drawchat/db/connect";
import { createSession } from "@drawchat/db/session-changes";
import type { StoredSession } from "@drawchat/db/sessions";

const MINUTE_MS = 60_000;

export interface SessionWindow {
  /** Default: 30 minutes ago. */
  opensInMs?: number;
  /** Default: in 30 minutes. */
  drawInMs?: number;
  /** Default: in 90 minutes. */
  closesInMs?: number;
}

/** Adds a session whose window is relative to now: open, unless told otherwise. */
export async function addSession(db: Db, window: SessionWindow = {}): Promise<StoredSession> {
  const { opensInMs = -30 * MINUTE_MS, closesInMs = 90 * MINUTE_MS } = window;
  const drawInMs = window.drawInMs ?? Math.min(Math.max(30 * MINUTE_MS, opensInMs), closesInMs);
  for (let shift = 0; ; shift += 1) {
    const nowMs = Date.now();
    const drawAtMs = nowMs + drawInMs + shift; // no two sessions share an instant
    const draw = {
      drawDate: new Date(drawAtMs).toISOString().slice(0, 10),
      drawAtMs,
      opensAtMs: Math.min(nowMs + opensInMs, drawAtMs),
      closesAtMs: Math.max(nowMs + closesInMs, drawAtMs),
    };
    const created = await createSession(db, draw, nowMs);
    if (created !== "conflict") return created.session;
  }
}
