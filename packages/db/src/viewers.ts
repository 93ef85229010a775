/**
 * Rows of viewers: who is where, one row a session and user. Kept apart from the log: transactions of their own, which
 * need not survive a crash of Postgres (full lists make up for it), and touch no row that a batch of messages locks.
 * Whoever writes here holds the partition's lock of viewers, so that no two of them wait for each other's rows.
 *
 * A report that is older than what a row says does not touch it: who read it may have waited while the partition went to
 * another writer, which applied it and newer ones. Times are those of the partition's stream, which go on from its last one.
 */
import { PARTITIONS } from "@drawchat/protocol/ids";
import type pg from "pg";
import { inTransaction } from "./transaction.ts";
import { collapseChanges, type ViewerChanges, type ViewerList, type ViewerReport } from "./viewer-reports.ts";

/** First key of the advisory locks, a partition being the second: "view" in ASCII. */
const LOCK_SPACE = 0x76696577;
const CLOSE_CHUNK_ROWS = 5_000;

export interface ViewersApplied {
  /** Rows that were made or opened again, and taken over. */
  readonly opened: number;
  readonly closed: number;
}

/**
 * Applies reports of one partition's sessions, in their order; harmless to repeat, also behind newer ones. Undefined: another process is at
 * this partition, nothing was done. Reports of sessions that there are not are passed over.
 */
export function applyViewerReports(
  pool: pg.Pool,
  partition: number,
  reports: readonly ViewerReport[],
): Promise<ViewersApplied | undefined> {
  return inTransaction(pool, async (client) => {
    if (!(await lockViewers(client, partition))) return undefined;
    let opened = 0;
    let closed = 0;
    let changes: ViewerChanges[] = [];
    const flush = async () => {
      const { arrivals, departures } = collapseChanges(changes);
      changes = [];
      // Departures first: an arrival that is over takes the row only where nobody has it.
      closed += await run(client, DEPART, columnsOf(departures, USER_COLUMNS));
      opened += await run(client, ARRIVE, columnsOf(arrivals, [...USER_COLUMNS, "isActive"]));
    };
    for (const report of reports) {
      if (report.kind === "changes") {
        changes.push(report);
        continue;
      }
      await flush();
      const counts = await applyList(client, report);
      opened += counts.opened;
      closed += counts.closed;
    }
    await flush();
    return { opened, closed };
  });
}

/** A user who comes to a session that is closed was there, and is not any more. */
const IS_LIVE = "s.state IN ('scheduled', 'open')";

/**
 * A join takes the row over. One that left within the same reports takes no row from a gateway where the user is still
 * active.
 */
const ARRIVE = `
  INSERT INTO live_chat_viewers AS v (session_id, user_id, gateway_id, is_active, joined_at, last_seen_at)
  SELECT c.session_id, c.user_id, c.gateway_id, c.is_active AND ${IS_LIVE}, c.seen_at, c.seen_at
  FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::boolean[])
    AS c (session_id, user_id, gateway_id, seen_at, is_active)
  JOIN live_chat_sessions s ON s.id = c.session_id
  ORDER BY c.session_id, c.user_id
  ON CONFLICT (session_id, user_id) DO UPDATE
    SET gateway_id = EXCLUDED.gateway_id, is_active = EXCLUDED.is_active, last_seen_at = EXCLUDED.last_seen_at
    WHERE v.last_seen_at <= EXCLUDED.last_seen_at
      AND (EXCLUDED.is_active OR NOT v.is_active OR v.gateway_id = EXCLUDED.gateway_id)`;

/** A leave closes the row only where it is the gateway's own. */
const DEPART = `
  UPDATE live_chat_viewers v SET is_active = false, last_seen_at = c.seen_at
  FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[]) AS c (session_id, user_id, gateway_id, seen_at)
  WHERE v.session_id = c.session_id AND v.user_id = c.user_id AND v.gateway_id = c.gateway_id AND v.is_active
    AND v.last_seen_at <= c.seen_at`;

const USER_COLUMNS = ["sessionId", "userId", "gatewayId", "seenAt"] as const;

function columnsOf<Row, Column extends keyof Row>(rows: readonly Row[], columns: readonly Column[]): Row[Column][][] {
  return rows.length === 0 ? [] : columns.map((column) => rows.map((row) => row[column]));
}

/** Rows touched; nothing is sent where there are no columns. */
async function run(client: pg.PoolClient, statement: string, columns: unknown[]): Promise<number> {
  if (columns.length === 0) return 0;
  return (await client.query(statement, columns)).rowCount ?? 0;
}

/**
 * A row that is active elsewhere stays there: the user has two gateways, or one of them has not noticed yet that the
 * user is gone, and taking turns would only write. A long-time viewer's row says so every 5 minutes.
 */
const REOPEN = `
  UPDATE live_chat_viewers v SET is_active = true, gateway_id = $2, last_seen_at = $3::timestamptz
  FROM unnest($4::bigint[]) AS c (user_id), live_chat_sessions s
  WHERE s.id = $1 AND ${IS_LIVE} AND v.session_id = s.id AND v.user_id = c.user_id
    AND CASE WHEN v.is_active THEN v.gateway_id = $2 AND v.last_seen_at < $3::timestamptz - INTERVAL '5 minutes'
        ELSE v.last_seen_at <= $3::timestamptz END`;

const ADD_MISSING = `
  INSERT INTO live_chat_viewers (session_id, user_id, gateway_id, is_active, joined_at, last_seen_at)
  SELECT s.id, c.user_id, $2, ${IS_LIVE}, $3::timestamptz, $3::timestamptz
  FROM unnest($4::bigint[]) AS c (user_id), live_chat_sessions s
  WHERE s.id = $1 AND NOT EXISTS (SELECT FROM live_chat_viewers v WHERE v.session_id = s.id AND v.user_id = c.user_id)
  ORDER BY c.user_id
  ON CONFLICT DO NOTHING`;

const CLOSE_OTHERS = `
  UPDATE live_chat_viewers v SET is_active = false, last_seen_at = $3::timestamptz
  WHERE v.session_id = $1 AND v.gateway_id = $2 AND v.is_active AND v.user_id BETWEEN $5::bigint AND $6::bigint
    AND v.last_seen_at <= $3::timestamptz
    AND NOT EXISTS (SELECT FROM unnest($4::bigint[]) AS c (user_id) WHERE c.user_id = v.user_id)`;

async function applyList(client: pg.PoolClient, { sessionId, gatewayId, seenAt, users, from, to }: ViewerList): Promise<ViewersApplied> {
  const about = [sessionId, gatewayId, seenAt, users];
  const opened = users.length === 0 ? 0 : (await run(client, REOPEN, about)) + (await run(client, ADD_MISSING, about));
  return { opened, closed: await run(client, CLOSE_OTHERS, [...about, from, to]) };
}

/** A gateway that has active viewers in a session. */
export interface ViewersAt {
  readonly sessionId: number;
  readonly gatewayId: string;
  readonly isSessionLive: boolean;
}

/** One step through the index a pair, however many rows each has. */
const PAIRS = `
  WITH RECURSIVE pairs AS (
    (SELECT session_id, gateway_id FROM live_chat_viewers WHERE is_active ORDER BY session_id, gateway_id LIMIT 1)
    UNION ALL
    SELECT next.session_id, next.gateway_id FROM pairs, LATERAL (
      SELECT v.session_id, v.gateway_id FROM live_chat_viewers v
      WHERE v.is_active AND (v.session_id, v.gateway_id) > (pairs.session_id, pairs.gateway_id)
      ORDER BY v.session_id, v.gateway_id LIMIT 1) next)
  SELECT p.session_id AS "sessionId", p.gateway_id AS "gatewayId", ${IS_LIVE} AS "isSessionLive"
  FROM pairs p JOIN live_chat_sessions s ON s.id = p.session_id
  ORDER BY p.session_id, p.gateway_id`;

export async function listViewersAt(pool: pg.Pool): Promise<ViewersAt[]> {
  return (await pool.query<ViewersAt>(PAIRS)).rows;
}

/**
 * By their places in the table: by key, a Postgres whose statistics are from before the session opened looks through the whole
 * table for each of them, and is ended at the statement's time-out every time. Nobody moves a row meanwhile: who writes them holds the same lock.
 */
const CLOSE_SILENT = `
  UPDATE live_chat_viewers SET is_active = false
  WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM live_chat_viewers
    WHERE session_id = $1 AND gateway_id = $2 AND is_active AND last_seen_at < $3::timestamptz LIMIT ${CLOSE_CHUNK_ROWS}))`;

/** Closes a gateway's rows of a session that were last seen before this instant (Unix ms). Returns how many. */
export async function closeViewersAt(pool: pg.Pool, { sessionId, gatewayId }: ViewersAt, seenBeforeMs: number): Promise<number> {
  for (let closed = 0; ; ) {
    const count = await inTransaction(pool, async (client) => {
      if (!(await lockViewers(client, sessionId % PARTITIONS))) return 0; // the next round comes back to it
      return await run(client, CLOSE_SILENT, [sessionId, gatewayId, new Date(seenBeforeMs)]);
    });
    closed += count;
    if (count < CLOSE_CHUNK_ROWS) return closed;
  }
}

/** False where another process holds it. Ends with the transaction, whose loss in a crash of Postgres is no harm. */
async function lockViewers(client: pg.PoolClient, partition: number): Promise<boolean> {
  await client.query("SET LOCAL synchronous_commit TO off");
  const { rows } = await client.query<{ locked: boolean }>("SELECT pg_try_advisory_xact_lock($1::int, $2::int) AS locked", [
    LOCK_SPACE,
    partition,
  ]);
  return rows[0]?.locked === true;
}
