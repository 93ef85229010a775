/** Figures of a session's audience, kept with its row: they only grow with what is known. */
import type pg from "pg";

/** A session ends some minutes before its last viewers are counted. */
const AFTER_END = "10 minutes";
/** Sockets come to wait some time before it opens. */
const BEFORE_OPENING = "1 day";
const MAX_SESSIONS = 500;

/** The sessions whose figures may still change. */
export async function listSessionsWithAudience(pool: pg.Pool, nowMs: number): Promise<number[]> {
  const { rows } = await pool.query<{ id: number }>(
    `SELECT id FROM live_chat_sessions
     WHERE closes_at > $1::timestamptz - INTERVAL '${AFTER_END}' AND opens_at < $1::timestamptz + INTERVAL '${BEFORE_OPENING}'
     ORDER BY closes_at, draw_at LIMIT ${MAX_SESSIONS}`,
    [new Date(nowMs)],
  );
  return rows.map((row) => row.id);
}

/**
 * Raises the peak and counts the rows of viewers anew. One session a statement, and none where nothing changed: batches
 * of messages lock the same row.
 */
export async function recordFigures(pool: pg.Pool, sessionId: number, peakViewers: number): Promise<void> {
  await pool.query(
    `UPDATE live_chat_sessions s SET peak_viewers = GREATEST(s.peak_viewers, $2::bigint), unique_viewers = GREATEST(s.unique_viewers, v.count)
     FROM (SELECT count(*) AS count FROM live_chat_viewers WHERE session_id = $1) v
     WHERE s.id = $1 AND (s.peak_viewers < $2::bigint OR s.unique_viewers < v.count)`,
    [sessionId, peakViewers],
  );
}
