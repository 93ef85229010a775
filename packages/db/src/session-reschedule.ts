/**
 * What admins change of a session that is there: moving, extending, cancelling. Doing it to a daily session settles its
 * date: none is made for it again. An explicit session that is cancelled or moved to another date gives its date back
 * to the daily draw.
 */
import type { Db } from "./connect.ts";
import { addJob } from "./job-queue.ts";
import { columnsOf, followUp, isOver, lockSchedule, replaceDaily, type SessionDraw, stateColumnsAt } from "./session-writing.ts";
import { type StoredSession, toStoredSession } from "./sessions.ts";
import type { SessionRow } from "./tables.ts";

/** The session as it is now, and the daily ones that it cancelled. */
export interface RescheduledSession {
  session: StoredSession;
  replaced: StoredSession[];
}

/** `over`: closed, cancelled, or its time is over. `taken`: another session has this instant. `ended`: the new window is over already. */
export type RescheduleRefusal = "unknown" | "over" | "taken" | "ended";

export interface Reschedule {
  id: number;
  /** The draw and window that are wanted, from those that are. */
  plan: (current: StoredSession) => SessionDraw;
  /** The time of Redis. */
  nowMs: number;
}

/** Moves a session or its window. It is an explicit one from then on: a changed configuration leaves it alone. */
export function rescheduleSession(db: Db, { id, plan, nowMs }: Reschedule): Promise<RescheduledSession | RescheduleRefusal> {
  return db.transaction().execute(async (trx) => {
    const row = await lockSession(trx, id);
    if (row === undefined) return "unknown";
    if (row.state === "cancelled" || isOver(row, nowMs)) return "over";
    const current = toStoredSession(row);
    const draw = plan(current);
    if (draw.closesAtMs <= nowMs) return "ended";
    if (isSame(current, draw)) return { session: current, replaced: [] };
    if (await isTaken(trx, draw.drawAtMs, id)) return "taken";
    if (row.kind === "daily") await settleDate(trx, row.draw_date);
    const updated = await trx
      .updateTable("live_chat_sessions")
      .set((eb) => ({
        kind: "explicit",
        ...columnsOf(draw),
        ...stateColumnsAt(draw, nowMs),
        policy_version: eb("policy_version", "+", 1),
      }))
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
    const replaced = await replaceDaily(trx, updated, nowMs);
    await lookAtSchedule(trx, id);
    return { session: await followUp(trx, updated), replaced };
  });
}

/** Cancels for good; again changes nothing. Undefined: unknown. `over`: it is closed, or its time is. */
export function cancelSession(db: Db, id: number, nowMs: number): Promise<StoredSession | "over" | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await lockSession(trx, id);
    if (row === undefined) return undefined;
    if (row.state === "cancelled") return toStoredSession(row);
    if (isOver(row, nowMs)) return "over";
    if (row.kind === "daily") await settleDate(trx, row.draw_date);
    const updated = await trx
      .updateTable("live_chat_sessions")
      .set((eb) => ({ state: "cancelled", is_active: false, policy_version: eb("policy_version", "+", 1) }))
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await lookAtSchedule(trx, id);
    return await followUp(trx, updated);
  });
}

/** The schedule first, then the row: the order of everybody who takes both. */
async function lockSession(trx: Db, id: number): Promise<SessionRow | undefined> {
  await lockSchedule(trx);
  return await trx.selectFrom("live_chat_sessions").selectAll().where("id", "=", id).forNoKeyUpdate().executeTakeFirst();
}

function isSame(current: StoredSession, draw: SessionDraw): boolean {
  return current.drawAtMs === draw.drawAtMs && current.opensAtMs === draw.opensAtMs && current.closesAtMs === draw.closesAtMs;
}

/** Cancelled sessions keep their instant, too. */
async function isTaken(trx: Db, drawAtMs: number, id: number): Promise<boolean> {
  const other = await trx
    .selectFrom("live_chat_sessions")
    .select("id")
    .where("draw_at", "=", new Date(drawAtMs))
    .where("id", "<>", id)
    .executeTakeFirst();
  return other !== undefined;
}

async function settleDate(trx: Db, drawDate: string): Promise<void> {
  await trx
    .insertInto("live_chat_settled_dates")
    .values({ draw_date: drawDate })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** At once: a date may want its daily draw back. */
async function lookAtSchedule(trx: Db, id: number): Promise<void> {
  await addJob(trx, { name: "session_schedule", payload: {}, key: `session_schedule:${id}:now` });
}
