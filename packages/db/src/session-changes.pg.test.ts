import { testDatabase } from "@drawchat/testkit/postgres";
import { sql } from "kysely";
import { beforeEach, describe, expect, test } from "vitest";
import { adoptDailyDraws, closeSession, createSession, ensureDailySessions, moveSessions, setWinner } from "./session-changes.ts";
import type { SessionDraw } from "./session-writing.ts";
import { listCurrentCandidates } from "./sessions.ts";

const { db } = await testDatabase();
const now = Date.parse("2026-05-01T12:00:00Z");
const HOUR_MS = 3_600_000;

beforeEach(async () => {
  await db.deleteFrom("live_chat_sessions").execute();
});

function draw(iso: string, hours = 1): SessionDraw {
  const drawAtMs = Date.parse(iso);
  return { drawDate: iso.slice(0, 10), drawAtMs, opensAtMs: drawAtMs - hours * HOUR_MS, closesAtMs: drawAtMs + hours * HOUR_MS };
}

const today = draw("2026-05-01T20:00:00Z");
const tomorrow = draw("2026-05-02T20:00:00Z");

function rows() {
  return db.selectFrom("live_chat_sessions").select(["kind", "state", "draw_at", "policy_version"]).orderBy("id").execute();
}

describe("daily sessions", () => {
  test("are made once, however many need them at once", async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => ensureDailySessions(db, [today, tomorrow], now)));
    expect(made.flat().map((session) => session.drawDate)).toEqual(["2026-05-01", "2026-05-02"]);
    expect(await rows()).toHaveLength(2);
  });

  test("are open at once where their window is", async () => {
    const [session] = await ensureDailySessions(db, [today], today.drawAtMs);
    expect(session?.state).toBe("open");
  });

  test("are not made beside an explicit session of the same date", async () => {
    await createSession(db, draw("2026-05-01T18:00:00Z"), now);
    await ensureDailySessions(db, [today, tomorrow], now);
    expect((await rows()).map((row) => row.kind)).toEqual(["explicit", "daily"]);
  });

  test("and explicit ones made at once leave one of the date that is not cancelled", async () => {
    await Promise.all([ensureDailySessions(db, [today], now), createSession(db, draw("2026-05-01T18:00:00Z"), now)]);
    expect((await rows()).filter((row) => row.state !== "cancelled").map((row) => row.kind)).toEqual(["explicit"]);
  });

  test("come back when the explicit session that replaced them is cancelled", async () => {
    await ensureDailySessions(db, [today], now);
    const created = await createSession(db, draw("2026-05-01T18:00:00Z"), now);
    if (created === "conflict") throw new Error("conflict");
    expect(created.replaced.map((session) => session.state)).toEqual(["cancelled"]);
    await db.updateTable("live_chat_sessions").set({ state: "cancelled" }).where("id", "=", created.session.id).execute();
    expect(await ensureDailySessions(db, [today], now)).toMatchObject([{ state: "scheduled", policyVersion: 3 }]);
  });

  test("become explicit at the same instant, with their winners, until they are over", async () => {
    const [session] = await ensureDailySessions(db, [today], now);
    await setWinner(db, session?.id ?? 0, { userId: 7, wins: true });
    expect(await createSession(db, { ...today, closesAtMs: today.closesAtMs + HOUR_MS }, today.closesAtMs)).toBe("conflict");
    expect(await createSession(db, today, now)).toMatchObject({ session: { id: session?.id, winners: [7] }, replaced: [] });
  });

  test("that an admin closed stay closed", async () => {
    const [session] = await ensureDailySessions(db, [today], now);
    await closeSession(db, session?.id ?? 0);
    expect(await ensureDailySessions(db, [today], now)).toEqual([]);
  });

  test("follow a changed configuration, those that are no longer wanted are cancelled", async () => {
    await ensureDailySessions(db, [today, tomorrow], now);
    const later = draw("2026-05-01T21:00:00Z", 2);
    await adoptDailyDraws(db, [later], now);
    expect(await rows()).toMatchObject([
      { state: "scheduled", draw_at: new Date(later.drawAtMs), policy_version: 2 },
      { state: "cancelled", policy_version: 2 },
    ]);
    expect(await adoptDailyDraws(db, [later], now)).toEqual([]);
  });

  test("that are open are not cancelled by a configuration without them", async () => {
    await ensureDailySessions(db, [today], today.drawAtMs);
    expect(await adoptDailyDraws(db, [], today.drawAtMs)).toEqual([]);
  });
});

describe("moving on by time", () => {
  test("opens and closes rows whose time has come", async () => {
    await ensureDailySessions(db, [today], now);
    expect(await moveSessions(db, today.opensAtMs - 1)).toEqual({ opened: [], closed: [] });
    expect((await moveSessions(db, today.opensAtMs)).opened).toHaveLength(1);
    const active = () => db.selectFrom("live_chat_sessions").select(["state", "is_active"]).executeTakeFirst();
    expect(await active()).toEqual({ state: "open", is_active: true });
    expect((await moveSessions(db, today.closesAtMs)).closed).toHaveLength(1);
    expect(await active()).toEqual({ state: "closed", is_active: false });
  });

  test("does not open what was never seen open", async () => {
    await ensureDailySessions(db, [today], now);
    expect(await moveSessions(db, today.closesAtMs + 1)).toMatchObject({ opened: [], closed: [expect.any(Number)] });
  });
});

test("candidates for the current session are those that live and the last that is over", async () => {
  for (const iso of ["2026-04-01T20:00:00Z", "2026-04-02T20:00:00Z"]) await createSession(db, draw(iso), now);
  await ensureDailySessions(db, [today, tomorrow], now);
  const dates = (await listCurrentCandidates(db, now)).map((session) => session.drawDate);
  expect(dates).toEqual(["2026-05-01", "2026-05-02", "2026-04-02"]);
});

test("every list of sessions and messages is read by an index", async () => {
  const plans = [
    "SELECT * FROM live_chat_messages WHERE session_id = 1 AND id < 9 AND deleted_at IS NULL ORDER BY id DESC LIMIT 50",
    "SELECT id FROM live_chat_messages WHERE session_id = 1 AND user_id = 1 AND client_id = gen_random_uuid()",
    "SELECT user_id FROM live_chat_likes WHERE session_id = 1 AND message_id IS NULL AND user_id = 1",
    "SELECT * FROM live_chat_sessions WHERE id < 9 ORDER BY id DESC LIMIT 50",
    "SELECT * FROM live_chat_sessions WHERE closes_at > now() AND state IN ('scheduled', 'open') ORDER BY closes_at, draw_at LIMIT 500",
  ];
  await db.connection().execute(async (connection) => {
    await sql`SET enable_seqscan = off`.execute(connection);
    for (const plan of plans) {
      const { rows: lines } = await sql<{ "QUERY PLAN": string }>`${sql.raw(`EXPLAIN ${plan}`)}`.execute(connection);
      const text = lines.map((line) => line["QUERY PLAN"]).join("\n");
      expect(text).toMatch(/Index (Only )?Scan/);
      expect(text).not.toMatch(/Seq Scan/);
    }
    await sql`RESET enable_seqscan`.execute(connection);
  });
});
