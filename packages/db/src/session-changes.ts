/** Making live sessions, closing them, moving them on by time. What admins change of one is in session-reschedule.ts. */
import { sql } from "kysely";
import type { Db } from "./connect.ts";
import { columnsOf, followUp, isOver, lockSchedule, replaceDaily, type SessionDraw, stateColumnsAt } from "./session-writing.ts";
import { findSession, type StoredSession, toStoredSession } from "./sessions.ts";
import type { SessionRow } from "./tables.ts";

/** Winners of one session: they are part of what every gateway holds of the room. */
export const MAX_WINNERS = 1_000;

/** The new session, and the daily ones that it cancelled. */
export interface CreatedSession {
  session: StoredSession;
  replaced: StoredSession[];
}

/**
 * Makes an explicit session. It replaces the daily ones of its local date that are not over: they become cancelled,
 * or, at the same instant, explicit. A cancelled one of the same instant comes back, without its winners. `conflict`:
 * another session has this instant.
 */
export function createSession(db: Db, draw: SessionDraw, nowMs: number): Promise<CreatedSession | "conflict"> {
  return db.transaction().execute(async (trx) => {
    await lockSchedule(trx);
    const known = await trx.selectFrom("live_chat_sessions").selectAll().where("draw_at", "=", new Date(draw.drawAtMs)).executeTakeFirst();
    const isRevived = known?.state === "cancelled";
    if (known && !isRevived && (known.kind === "explicit" || isOver(known, nowMs))) return "conflict";
    const columns = {
      kind: "explicit" as const,
      ...columnsOf(draw),
      ...stateColumnsAt(draw, nowMs),
      ...(isRevived ? { winners: [] } : {}),
    };
    const row = known
      ? await trx
          .updateTable("live_chat_sessions")
          .set((eb) => ({ ...columns, policy_version: eb("policy_version", "+", 1) }))
          .where("id", "=", known.id)
          .returningAll()
          .executeTakeFirstOrThrow()
      : await trx.insertInto("live_chat_sessions").values(columns).returningAll().executeTakeFirstOrThrow();
    const replaced = await replaceDaily(trx, row, nowMs);
    return { session: await followUp(trx, row), replaced };
  });
}

/**
 * Makes the rows of daily draws that have none. Never beside an explicit session of the same local date, nor where an
 * admin cancelled or moved the date's draw; one that was cancelled for an explicit session, which itself is cancelled
 * or elsewhere now, comes back. Cheap and without a lock where all are there.
 */
export async function ensureDailySessions(db: Db, draws: readonly SessionDraw[], nowMs: number): Promise<StoredSession[]> {
  if ((await missingDates(db, draws, nowMs)).size === 0) return [];
  return db.transaction().execute(async (trx) => {
    await lockSchedule(trx);
    const missing = await missingDates(trx, draws, nowMs);
    const made: StoredSession[] = [];
    for (const draw of draws) {
      if (!missing.has(draw.drawDate)) continue;
      const columns = { kind: "daily" as const, ...columnsOf(draw), ...stateColumnsAt(draw, nowMs) };
      const row = await trx
        .insertInto("live_chat_sessions")
        .values(columns)
        .onConflict((conflict) =>
          conflict
            .column("draw_at")
            .doUpdateSet((eb) => ({ ...columns, policy_version: eb("live_chat_sessions.policy_version", "+", 1) }))
            .where("live_chat_sessions.kind", "=", "daily")
            .where("live_chat_sessions.state", "=", "cancelled"),
        )
        .returningAll()
        .executeTakeFirst();
      if (row) made.push(await followUp(trx, row));
    }
    return made;
  });
}

async function missingDates(db: Db, draws: readonly SessionDraw[], nowMs: number): Promise<Set<string>> {
  if (draws.length === 0) return new Set();
  const taken = await db
    .selectFrom("live_chat_sessions")
    .select(["draw_date", "draw_at"])
    .where(
      "draw_date",
      "in",
      draws.map((draw) => draw.drawDate),
    )
    .where("state", "<>", "cancelled")
    .where((where) => where.or([where("kind", "=", "explicit"), where("closes_at", ">", new Date(nowMs))]))
    .execute();
  const missing = new Set(draws.map((draw) => draw.drawDate));
  for (const row of taken) missing.delete(row.draw_date);
  if (missing.size === 0) return missing;
  const settled = await db
    .selectFrom("live_chat_settled_dates")
    .select("draw_date")
    .where("draw_date", "in", [...missing])
    .execute();
  for (const row of settled) missing.delete(row.draw_date);
  return missing;
}

/**
 * Makes the daily sessions that are not over follow a changed configuration: moves them to the new time or window,
 * and cancels those that have not opened and are no longer wanted. For one process a deployment, at its start.
 */
export function adoptDailyDraws(db: Db, draws: readonly SessionDraw[], nowMs: number): Promise<StoredSession[]> {
  return db.transaction().execute(async (trx) => {
    await lockSchedule(trx);
    const rows = await trx
      .selectFrom("live_chat_sessions")
      .selectAll()
      .where("closes_at", ">", new Date(nowMs))
      .where("kind", "=", "daily")
      .where("state", "in", ["scheduled", "open"])
      .execute();
    const changed: StoredSession[] = [];
    for (const row of rows) {
      const draw = draws.find((candidate) => candidate.drawDate === row.draw_date);
      const next = await adoptDraw(trx, row, draw, nowMs);
      if (next) changed.push(next);
    }
    return changed;
  });
}

async function adoptDraw(trx: Db, row: SessionRow, draw: SessionDraw | undefined, nowMs: number): Promise<StoredSession | undefined> {
  const current = toStoredSession(row);
  if (draw === undefined && current.opensAtMs <= nowMs) return undefined; // people are in it
  if (draw?.drawAtMs === current.drawAtMs && draw.opensAtMs === current.opensAtMs && draw.closesAtMs === current.closesAtMs)
    return undefined;
  const next = draw ? { ...columnsOf(draw), ...stateColumnsAt(draw, nowMs) } : { state: "cancelled" as const, is_active: false };
  const updated = await trx
    .updateTable("live_chat_sessions")
    .set((eb) => ({ ...next, policy_version: eb("policy_version", "+", 1) }))
    .where("id", "=", row.id)
    // The instant may belong to another session already; then this one stays as it is.
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom("live_chat_sessions as other")
            .select("other.id")
            .where("other.draw_at", "=", draw ? new Date(draw.drawAtMs) : new Date(0))
            .where("other.id", "<>", row.id),
        ),
      ),
    )
    .returningAll()
    .executeTakeFirst();
  return updated && followUp(trx, updated);
}

/** Closes a session for good; closing again changes nothing. Undefined: unknown. `conflict`: it was cancelled. */
export function closeSession(db: Db, id: number): Promise<StoredSession | "conflict" | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable("live_chat_sessions")
      .set((eb) => ({ state: "closed", is_active: false, policy_version: eb("policy_version", "+", 1) }))
      .where("id", "=", id)
      .where("state", "in", ["scheduled", "open"])
      .returningAll()
      .executeTakeFirst();
    if (row) return followUp(trx, row);
    const session = await findSession(trx, id);
    return session?.state === "cancelled" ? "conflict" : session;
  });
}

/**
 * Adds a user to a session's winners, or takes one out; repeating it changes nothing. Undefined: unknown session.
 * `full`: it has MAX_WINNERS already.
 */
export function setWinner(
  db: Db,
  id: number,
  { userId, wins }: { userId: number; wins: boolean },
): Promise<StoredSession | "full" | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await trx.selectFrom("live_chat_sessions").selectAll().where("id", "=", id).forNoKeyUpdate().executeTakeFirst();
    if (row === undefined || row.winners.includes(userId) === wins) return row && toStoredSession(row);
    if (wins && row.winners.length >= MAX_WINNERS) return "full";
    const updated = await trx
      .updateTable("live_chat_sessions")
      .set((eb) => ({
        winners: wins ? sql<number[]>`array_append(winners, ${userId}::bigint)` : sql<number[]>`array_remove(winners, ${userId}::bigint)`,
        policy_version: eb("policy_version", "+", 1),
      }))
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
    return followUp(trx, updated);
  });
}

/** Moves `state` and `is_active` on by time. Redis needs no word of it: it judges the window itself. */
export async function moveSessions(db: Db, nowMs: number): Promise<{ opened: number[]; closed: number[] }> {
  const now = new Date(nowMs);
  const closed = await db
    .updateTable("live_chat_sessions")
    .set({ state: "closed", is_active: false })
    .where("closes_at", "<=", now)
    .where("state", "in", ["scheduled", "open"])
    .returning("id")
    .execute();
  const opened = await db
    .updateTable("live_chat_sessions")
    .set({ state: "open", is_active: true })
    .where("closes_at", ">", now)
    .where("opens_at", "<=", now)
    .where("state", "=", "scheduled")
    .returning("id")
    .execute();
  return { opened: opened.map((row) => row.id), closed: closed.map((row) => row.id) };
}
