/**
 * What every change of a live session is made of. Whatever makes, replaces or moves a session holds one advisory lock,
 * so that an explicit session and the daily one of the same date cannot be made past each other. A change of policy
 * raises `policy_version` and leaves an `apply_policy` job in the same transaction: Redis follows even after a crash.
 */
import { sql } from "kysely";
import type { Db } from "./connect.ts";
import { addJob } from "./job-queue.ts";
import { type StoredSession, toStoredSession } from "./sessions.ts";
import type { SessionRow } from "./tables.ts";

/** A draw and its window, instants in Unix ms; `drawDate` is the local date in the draw's zone. */
export interface SessionDraw {
  drawDate: string;
  drawAtMs: number;
  opensAtMs: number;
  closesAtMs: number;
}

const SCHEDULE_LOCK = 0x64_72_61_77; // "draw"

/** Held to the end of the transaction by whatever makes, replaces or moves sessions. */
export async function lockSchedule(trx: Db): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${SCHEDULE_LOCK})`.execute(trx);
}

export function columnsOf(draw: SessionDraw) {
  return {
    draw_date: draw.drawDate,
    draw_at: new Date(draw.drawAtMs),
    opens_at: new Date(draw.opensAtMs),
    closes_at: new Date(draw.closesAtMs),
  };
}

/** What a row says at an instant: jobs move it on later. */
export function stateColumnsAt({ opensAtMs, closesAtMs }: SessionDraw, nowMs: number) {
  const state = nowMs < opensAtMs ? ("scheduled" as const) : nowMs < closesAtMs ? ("open" as const) : ("closed" as const);
  return { state, is_active: state === "open" };
}

/** Closed, or its time is over: the same answer whether or not a job has been at the row. */
export function isOver(row: SessionRow, nowMs: number): boolean {
  return row.state === "closed" || row.closes_at.getTime() <= nowMs;
}

/** What a changed row brings with it: Redis is told, and the schedule looks again at its edges. */
export async function followUp(trx: Db, row: SessionRow): Promise<StoredSession> {
  const session = toStoredSession(row);
  await addJob(trx, { name: "apply_policy", payload: { session_id: row.id }, key: `apply_policy:${row.id}` });
  if (session.state === "closed" || session.state === "cancelled") return session;
  for (const [edge, runAtMs] of [["opens", session.opensAtMs] as const, ["closes", session.closesAtMs] as const]) {
    await addJob(trx, { name: "session_schedule", payload: {}, key: `session_schedule:${row.id}:${edge}`, runAtMs });
  }
  return session;
}

/** Cancels the daily sessions of the same local date that are not over: this one takes their place. */
export async function replaceDaily(trx: Db, row: SessionRow, nowMs: number): Promise<StoredSession[]> {
  const replaced = await trx
    .updateTable("live_chat_sessions")
    .set((eb) => ({ state: "cancelled", is_active: false, policy_version: eb("policy_version", "+", 1) }))
    .where("draw_date", "=", row.draw_date)
    .where("id", "<>", row.id)
    .where("kind", "=", "daily")
    .where("state", "in", ["scheduled", "open"])
    .where("closes_at", ">", new Date(nowMs))
    .returningAll()
    .execute();
  const cancelled: StoredSession[] = [];
  for (const other of replaced) cancelled.push(await followUp(trx, other));
  return cancelled;
}
