import { testDatabase } from "@drawchat/testkit/postgres";
import { beforeEach, describe, expect, test } from "vitest";
import { adoptDailyDraws, createSession, ensureDailySessions, moveSessions } from "./session-changes.ts";
import { cancelSession, rescheduleSession } from "./session-reschedule.ts";
import type { SessionDraw } from "./session-writing.ts";
import type { StoredSession } from "./sessions.ts";

const { db, pool } = await testDatabase();
const now = Date.parse("2026-05-01T12:00:00Z");
const HOUR_MS = 3_600_000;

beforeEach(async () => {
  await db.deleteFrom("live_chat_sessions").execute();
  await db.deleteFrom("live_chat_settled_dates").execute();
});

function draw(iso: string): SessionDraw {
  const drawAtMs = Date.parse(iso);
  return { drawDate: iso.slice(0, 10), drawAtMs, opensAtMs: drawAtMs - HOUR_MS, closesAtMs: drawAtMs + HOUR_MS };
}

const today = draw("2026-05-01T20:00:00Z");
const tomorrow = draw("2026-05-02T20:00:00Z");

async function dailySession(): Promise<StoredSession> {
  const [session] = await ensureDailySessions(db, [today], now);
  if (session === undefined) throw new Error("not made");
  return session;
}

async function explicitSession(iso: string): Promise<StoredSession> {
  const created = await createSession(db, draw(iso), now);
  if (created === "conflict") throw new Error("conflict");
  return created.session;
}

const move = (id: number, to: SessionDraw, nowMs = now) => rescheduleSession(db, { id, plan: () => to, nowMs });
const remaining = async () =>
  (await db.selectFrom("live_chat_sessions").select(["draw_at", "kind", "state"]).orderBy("draw_at").execute())
    .filter((row) => row.state !== "cancelled")
    .map((row) => `${row.kind} ${row.draw_at.toISOString().slice(5, 16)}`);

async function jobs(id: number): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ key: string; run_at: Date }>("SELECT key, run_at FROM graphile_worker.jobs WHERE key LIKE $1", [
    `session_schedule:${id}:%`,
  ]);
  return Object.fromEntries(rows.map((row) => [row.key.split(":")[2] ?? "", row.run_at.toISOString()]));
}

describe("the daily draw of a date", () => {
  test("that was cancelled by hand does not come back", async () => {
    const { id } = await dailySession();
    expect(await cancelSession(db, id, now)).toMatchObject({ state: "cancelled", policyVersion: 2 });
    expect(await ensureDailySessions(db, [today, tomorrow], now)).toMatchObject([{ drawDate: "2026-05-02" }]);
  });

  test("that was moved by hand is not made again, nor moved back by a changed configuration", async () => {
    const { id } = await dailySession();
    await move(id, draw("2026-05-01T21:00:00Z"));
    expect(await ensureDailySessions(db, [today], now)).toEqual([]);
    expect(await adoptDailyDraws(db, [draw("2026-05-01T19:00:00Z")], now)).toEqual([]);
    await move(id, draw("2026-05-03T12:00:00Z"));
    expect(await ensureDailySessions(db, [today], now)).toEqual([]);
    expect(await remaining()).toEqual(["explicit 05-03T12:00"]);
  });

  test("comes back when the explicit session in its place is cancelled, or moved to another date", async () => {
    await dailySession();
    const { id } = await explicitSession("2026-05-01T18:00:00Z");
    expect(await remaining()).toEqual(["explicit 05-01T18:00"]);
    await move(id, draw("2026-05-03T18:00:00Z"));
    await ensureDailySessions(db, [today], now);
    expect(await remaining()).toEqual(["daily 05-01T20:00", "explicit 05-03T18:00"]);
    await cancelSession(db, id, now);
    expect(await remaining()).toEqual(["daily 05-01T20:00"]);
  });

  test("is replaced by an explicit session that is moved to its date", async () => {
    await ensureDailySessions(db, [today, tomorrow], now);
    const { id } = await explicitSession("2026-05-05T18:00:00Z");
    expect(await move(id, draw("2026-05-02T18:00:00Z"))).toMatchObject({
      session: { id },
      replaced: [{ drawDate: "2026-05-02", state: "cancelled" }],
    });
    expect(await remaining()).toEqual(["daily 05-01T20:00", "explicit 05-02T18:00"]);
  });
});

describe("the schedule", () => {
  test("looks again at the new edges of a moved session, not at the old ones", async () => {
    const { id } = await explicitSession("2026-05-01T18:00:00Z");
    await move(id, draw("2026-05-01T19:30:00Z"));
    expect(await jobs(id)).toMatchObject({ opens: "2026-05-01T18:30:00.000Z", closes: "2026-05-01T20:30:00.000Z" });
  });

  test("looks at once when a session was cancelled", async () => {
    const { id } = await explicitSession("2026-05-01T18:00:00Z");
    await cancelSession(db, id, now);
    expect(Object.keys(await jobs(id))).toContain("now");
  });

  test("closes an extended session at its new end only", async () => {
    const { id } = await explicitSession("2026-05-01T12:00:00Z");
    const longer = { ...draw("2026-05-01T12:00:00Z"), closesAtMs: now + 3 * HOUR_MS };
    await move(id, longer);
    expect(await moveSessions(db, now + HOUR_MS)).toEqual({ opened: [], closed: [] });
    const tooLate = { ...longer, closesAtMs: now + 5 * HOUR_MS };
    expect(await move(id, tooLate, longer.closesAtMs)).toBe("over"); // whether or not the schedule has closed it
    expect(await moveSessions(db, longer.closesAtMs)).toEqual({ opened: [], closed: [id] });
    expect(await move(id, tooLate, longer.closesAtMs)).toBe("over");
  });

  test("takes a session that is moved ahead out of those that are active", async () => {
    const { id } = await explicitSession("2026-05-01T12:00:00Z");
    const moved = await move(id, tomorrow);
    expect(moved).toMatchObject({ session: { state: "scheduled" } });
    const row = await db.selectFrom("live_chat_sessions").select("is_active").where("id", "=", id).executeTakeFirst();
    expect(row).toEqual({ is_active: false });
  });
});
