/** When users were last there. */
import type pg from "pg";

/** Moves times forward, never back; `seen`: Unix ms by user. Users without a row are left out. */
export async function raiseLastSeen(pool: pg.Pool, seen: ReadonlyMap<number, number>): Promise<void> {
  await pool.query(
    `UPDATE users u SET last_seen_at = s.seen_at
     FROM unnest($1::bigint[], $2::timestamptz[]) AS s (id, seen_at)
     WHERE u.id = s.id AND (u.last_seen_at IS NULL OR u.last_seen_at < s.seen_at)`,
    [[...seen.keys()], [...seen.values()].map((ms) => new Date(ms))],
  );
}
