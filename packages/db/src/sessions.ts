/** Reading live sessions. Instants are Unix ms here; the state of a row may lag behind its window. */
import { type RawBuilder, sql } from "kysely";
import type { Db } from "./connect.ts";
import type { SessionKind, SessionRow, SessionRowState } from "./tables.ts";

export interface StoredSession {
  readonly id: number;
  readonly kind: SessionKind;
  readonly drawDate: string;
  readonly drawAtMs: number;
  readonly opensAtMs: number;
  readonly closesAtMs: number;
  readonly state: SessionRowState;
  readonly totalLikes: number;
  readonly peakViewers: number;
  readonly uniqueViewers: number;
  readonly winners: readonly number[];
  readonly policyVersion: number;
  readonly lastEventId: number;
}

/** More sessions than this are never open or planned at once. */
const MAX_LIVE_SESSIONS = 500;

export function toStoredSession(row: SessionRow): StoredSession {
  return {
    id: row.id,
    kind: row.kind,
    drawDate: row.draw_date,
    drawAtMs: row.draw_at.getTime(),
    opensAtMs: row.opens_at.getTime(),
    closesAtMs: row.closes_at.getTime(),
    state: row.state,
    totalLikes: row.total_likes,
    peakViewers: row.peak_viewers,
    uniqueViewers: row.unique_viewers,
    winners: row.winners,
    policyVersion: row.policy_version,
    lastEventId: row.last_event_id,
  };
}

/** What Redis is told of a session: the room's policy, instants in Unix ms. */
export function policyOf({ state, opensAtMs, closesAtMs, drawAtMs, winners, policyVersion }: StoredSession) {
  return { kind: "session" as const, state, opensMs: opensAtMs, closesMs: closesAtMs, drawMs: drawAtMs, winners, version: policyVersion };
}

export async function findSession(db: Db, id: number): Promise<StoredSession | undefined> {
  const row = await db.selectFrom("live_chat_sessions").selectAll().where("id", "=", id).executeTakeFirst();
  return row && toStoredSession(row);
}

/** The state of a row at an instant, as `stateAt` of the schedule judges it. */
function stateAt(now: Date): RawBuilder<string> {
  return sql<string>`CASE WHEN state IN ('closed', 'cancelled') THEN state
    WHEN ${now}::timestamptz < opens_at THEN 'scheduled'
    WHEN ${now}::timestamptz < closes_at THEN 'open' ELSE 'closed' END`;
}

export interface SessionPageRequest {
  before: number | undefined;
  limit: number;
  /** Only those in this state at `nowMs`: the window counts, where nobody closed or cancelled it. */
  state: SessionRowState | undefined;
  nowMs: number;
}

/** A page of sessions, newest id first, below `before`. */
export async function listSessions(db: Db, { before, limit, state, nowMs }: SessionPageRequest): Promise<StoredSession[]> {
  const rows = await db
    .selectFrom("live_chat_sessions")
    .selectAll()
    .$if(before !== undefined, (query) => query.where("id", "<", before ?? 0))
    .$if(state !== undefined, (query) => query.where(stateAt(new Date(nowMs)), "=", state ?? ""))
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map(toStoredSession);
}

/** Those that are open or still to come, by their ends, and the last that is over: what "current" is chosen from. */
export async function listCurrentCandidates(db: Db, nowMs: number): Promise<StoredSession[]> {
  const now = new Date(nowMs);
  const live = db
    .selectFrom("live_chat_sessions")
    .selectAll()
    .where("closes_at", ">", now)
    .where("state", "in", ["scheduled", "open"])
    .orderBy("closes_at")
    .orderBy("draw_at")
    .limit(MAX_LIVE_SESSIONS);
  const last = db
    .selectFrom("live_chat_sessions")
    .selectAll()
    .where((where) => where.or([where("closes_at", "<=", now), where("state", "=", "closed")]))
    .where("state", "<>", "cancelled")
    .orderBy("closes_at", "desc")
    .limit(1);
  const [liveRows, lastRows] = await Promise.all([live.execute(), last.execute()]);
  return [...liveRows, ...lastRows].map(toStoredSession);
}
