import { testDatabase } from "@drawchat/testkit/postgres";
import { sql } from "kysely";
import { beforeEach, describe, expect, test } from "vitest";
import { recordFigures } from "./session-figures.ts";
import type { ViewerReport } from "./viewer-reports.ts";
import { applyViewerReports, closeViewersAt, listViewersAt } from "./viewers.ts";

const { db, pool } = await testDatabase();
const T0 = Date.parse("2026-05-01T20:00:00Z");
let session = 0;

beforeEach(async () => {
  await db.deleteFrom("live_chat_viewers").execute();
  await db.deleteFrom("live_chat_sessions").execute();
  session = await makeSession("open", 0);
});

async function makeSession(state: "open" | "closed", n: number): Promise<number> {
  const at = new Date(T0 + n);
  const values = { kind: "explicit" as const, draw_date: "2026-05-01", draw_at: at, opens_at: at, closes_at: at, state };
  return (await db.insertInto("live_chat_sessions").values(values).returning("id").executeTakeFirstOrThrow()).id;
}

const at = (seconds: number) => new Date(T0 + seconds * 1_000);
const changes = (gatewayId: string, joined: number[], left: number[] = [], seconds = 0): ViewerReport => ({
  kind: "changes",
  sessionId: session,
  gatewayId,
  seenAt: at(seconds),
  joined,
  left,
});
const list = (gatewayId: string, users: number[], [from, to]: [number, number] = [1, 2 ** 53 - 1], seconds = 0): ViewerReport => ({
  kind: "list",
  sessionId: session,
  gatewayId,
  seenAt: at(seconds),
  users,
  from,
  to,
});
const apply = (...reports: ViewerReport[]) => applyViewerReports(pool, 1, reports);

/** `user gateway`, and `gone` where the row is closed. */
async function rows(): Promise<string[]> {
  const found = await db.selectFrom("live_chat_viewers").selectAll().orderBy("user_id").execute();
  return found.map((row) => `${row.user_id} ${row.gateway_id}${row.is_active ? "" : " gone"}`);
}

const active = async () => (await rows()).filter((row) => !row.endsWith("gone"));

/** The same reports in one batch, and each in its own: the outcome is one. */
const ways = [
  ["in one batch", async (reports: ViewerReport[]) => void (await apply(...reports))] as const,
  [
    "one by one",
    async (reports: ViewerReport[]) => {
      for (const report of reports) await apply(report);
    },
  ] as const,
  [
    "each twice",
    async (reports: ViewerReport[]) => {
      for (const report of reports) await apply(report, report);
    },
  ] as const,
];

describe.each(ways)("joins and leaves, %s", (_way, run) => {
  test("open and close rows", async () => {
    await run([changes("a", [1, 2]), changes("a", [], [2])]);
    expect(await rows()).toEqual(["1 a", "2 a gone"]);
  });

  test("a join takes the row over, and the leave from where the user was changes nothing", async () => {
    await run([changes("a", [1]), changes("b", [1]), changes("a", [], [1])]);
    expect(await rows()).toEqual(["1 b"]);
  });

  test("a leave and a new join on the same gateway leave the row open", async () => {
    await run([changes("a", [1]), changes("a", [], [1]), changes("a", [1])]);
    expect(await rows()).toEqual(["1 a"]);
  });

  test("who came and went within one report was there", async () => {
    await run([changes("a", [1], [1])]);
    expect(await rows()).toEqual(["1 a gone"]);
  });

  test("who looked in on another gateway for a moment is still active on the first", async () => {
    await run([changes("a", [1]), changes("b", [2, 1], [1])]);
    expect(await rows()).toEqual(["1 a", "2 b"]);
  });
});

test("who moves to another gateway and leaves it again is gone, whichever of the two tells first", async () => {
  await apply(changes("a", [1, 2]));
  await apply(changes("a", [], [1]), changes("b", [1, 2], [1, 2]), changes("a", [], [2]));
  expect(await active()).toEqual([]);
});

interface Step {
  readonly gateway: string;
  readonly joined: number[];
  readonly left: number[];
}

/** The user's number says, in base 3, what happens at each step: nothing, coming or leaving, both. */
function tellHistory(steps: readonly Step[], user: number): void {
  const here = new Set<string>();
  let choices = user - 1;
  for (const [n, { gateway, joined, left }] of steps.entries()) {
    const isLast = n >= steps.length - 2;
    const choice = isLast ? Number(here.has(gateway)) : choices % 3;
    choices = Math.floor(choices / 3);
    if (choice === 0) continue;
    const isComing = choice === 2 || !here.has(gateway);
    const isLeaving = choice === 1 ? here.has(gateway) : !here.has(gateway);
    if (isComing) joined.push(user);
    if (isLeaving) left.push(user);
    if (isLeaving) here.delete(gateway);
    else here.add(gateway);
  }
}

describe("whatever people do between two gateways, nobody is active who left both", () => {
  /** Reports by `a` and `b` in turn, the last two those of who leaves in the end; a user for each of all histories. */
  const STEPS = 6;
  const history = () => {
    const steps = Array.from({ length: STEPS + 2 }, (_, n): Step => ({ gateway: n % 2 === 0 ? "a" : "b", joined: [], left: [] }));
    for (let user = 1; user <= 3 ** STEPS; user += 1) tellHistory(steps, user);
    return steps.map(({ gateway, joined, left }) => changes(gateway, joined, left));
  };

  test.each(Array.from({ length: STEPS + 2 }, (_, cut) => cut))("in two batches, cut after report %i", async (cut) => {
    const reports = history();
    await apply(...reports.slice(0, cut));
    await apply(...reports.slice(cut));
    expect(await active()).toEqual([]);
  });

  test("in one batch a report", async () => {
    for (const report of history()) await apply(report);
    expect(await active()).toEqual([]);
  });
});

test("a leave of a user that was never told of makes no row", async () => {
  await apply(changes("a", [], [1]));
  expect(await rows()).toEqual([]);
});

test("times are those of the reports; the first join stays", async () => {
  await apply(changes("a", [1], [], 10));
  await apply(changes("a", [], [1], 20));
  await apply(changes("b", [1], [], 30));
  const row = await db.selectFrom("live_chat_viewers").selectAll().executeTakeFirst();
  expect(row).toMatchObject({ joined_at: at(10), last_seen_at: at(30) });
});

describe("a full list", () => {
  test("opens who is in it and closes the gateway's others", async () => {
    await apply(changes("a", [1, 2, 3], [3]), changes("b", [9]));
    await apply(list("a", [2, 3, 4]));
    expect(await rows()).toEqual(["1 a gone", "2 a", "3 a", "4 a", "9 b"]);
  });

  test("in parts closes within each part's range alone", async () => {
    await apply(changes("a", [1, 5, 10, 15]));
    await apply(list("a", [5], [1, 9]));
    expect(await rows()).toEqual(["1 a gone", "5 a", "10 a", "15 a"]);
    await apply(list("a", [], [10, 2 ** 53 - 1]));
    expect(await rows()).toEqual(["1 a gone", "5 a", "10 a gone", "15 a gone"]);
  });

  test("leaves a row where the user is active elsewhere", async () => {
    await apply(changes("b", [1]));
    await apply(list("a", [1]), list("a", [1], undefined, 600));
    expect(await rows()).toEqual(["1 b"]);
  });

  test("comes after the joins before it", async () => {
    await apply(changes("b", [1, 2]), changes("a", [1]), list("b", [2]), changes("b", [3]));
    expect(await rows()).toEqual(["1 a", "2 b", "3 b"]);
  });

  test("writes nothing where everything is so already, and says every 5 minutes that a viewer is still there", async () => {
    await apply(changes("a", [1]));
    expect(await apply(list("a", [1], undefined, 60))).toEqual({ opened: 0, closed: 0 });
    expect(await apply(list("a", [1], undefined, 301))).toEqual({ opened: 1, closed: 0 });
    const row = await db.selectFrom("live_chat_viewers").select("last_seen_at").executeTakeFirst();
    expect(row).toEqual({ last_seen_at: at(301) });
  });
});

test("who comes to a session that is closed was there, and is not active", async () => {
  session = await makeSession("closed", 1);
  await apply(changes("a", [1]), list("a", [1, 2]));
  expect(await rows()).toEqual(["1 a gone", "2 a gone"]);
});

test("reports of a session that there is not are passed over", async () => {
  await apply({ ...changes("a", [1]), sessionId: session + 99 }, { ...list("a", [1]), sessionId: session + 99 }, changes("a", [2]));
  expect(await rows()).toEqual(["2 a"]);
});

test.each(ways)("reports that come again behind newer ones change nothing, %s", async (_way, run) => {
  const older = [changes("a", [1, 2, 3]), changes("a", [], [3], 1), list("a", [1, 2], undefined, 2)];
  const newer = [changes("a", [], [1], 10), changes("a", [3, 4], [], 11), changes("a", [], [4], 12)];
  await run([...older, ...newer]);
  expect(await rows()).toEqual(["1 a gone", "2 a", "3 a", "4 a gone"]);
  const all = db.selectFrom("live_chat_viewers").selectAll().orderBy("user_id");
  const before = await all.execute();
  await run(older);
  expect(await all.execute()).toEqual(before);
});

test("while another process writes the partition's viewers nothing is done, and batches of many at once lose nothing", async () => {
  const many = Array.from({ length: 8 }, (_, n) =>
    changes(
      "a",
      Array.from({ length: 200 }, (_, user) => 1 + n + user * 8),
    ),
  );
  for (let left = many; left.length > 0; ) {
    const applied = await Promise.all(left.map((report) => apply(report)));
    left = left.filter((_, n) => applied[n] === undefined);
  }
  expect(await rows()).toHaveLength(1_600);
});

describe("sweeping", () => {
  test("finds every gateway with active viewers, by the index alone", async () => {
    const first = session;
    await apply(changes("b", [1, 2]), changes("a", [3]), changes("c", [4], [4]));
    session = await makeSession("closed", 1);
    await db.insertInto("live_chat_viewers").values({ session_id: session, user_id: 1, gateway_id: "a", is_active: true }).execute();
    expect(await listViewersAt(pool)).toEqual([
      { sessionId: first, gatewayId: "a", isSessionLive: true },
      { sessionId: first, gatewayId: "b", isSessionLive: true },
      { sessionId: session, gatewayId: "a", isSessionLive: false },
    ]);
    await db.connection().execute(async (connection) => {
      await sql`SET enable_seqscan = off`.execute(connection);
      for (const query of [
        "SELECT session_id, gateway_id FROM live_chat_viewers WHERE is_active AND (session_id, gateway_id) > (1, 'a') ORDER BY session_id, gateway_id LIMIT 1",
        "SELECT count(*) FROM live_chat_viewers WHERE is_active AND session_id = 1",
        "SELECT session_id, user_id FROM live_chat_viewers WHERE session_id = 1 AND gateway_id = 'a' AND is_active LIMIT 5000",
      ]) {
        const { rows: lines } = await sql<{ "QUERY PLAN": string }>`${sql.raw(`EXPLAIN ${query}`)}`.execute(connection);
        expect(lines.map((line) => line["QUERY PLAN"]).join("\n")).toContain("live_chat_viewers_where");
      }
      await sql`RESET enable_seqscan`.execute(connection);
    });
  });

  test("closes a gateway's rows that were last seen before, also where they are many and Postgres still thinks that there are few", async () => {
    await apply(changes("a", [1]));
    await pool.query("ALTER TABLE live_chat_viewers SET (autovacuum_enabled = off)");
    await pool.query("ANALYZE live_chat_viewers");
    await apply(
      changes(
        "a",
        Array.from({ length: 7_000 }, (_, n) => n + 1),
      ),
    );
    await apply(changes("a", [7_001], [], 60), changes("b", [7_002]));
    const place = { sessionId: session, gatewayId: "a", isSessionLive: true };
    expect(await closeViewersAt(pool, place, T0 + 30_000)).toBe(7_000);
    expect(await active()).toEqual(["7001 a", "7002 b"]);
    await pool.query("ALTER TABLE live_chat_viewers RESET (autovacuum_enabled)");
  });
});

test("figures only rise, and a row that has them is not written", async () => {
  await apply(changes("a", [1, 2, 3], [3]));
  const figures = () =>
    db
      .selectFrom("live_chat_sessions")
      .select(["peak_viewers", "unique_viewers", sql<string>`xmin::text`.as("version")])
      .executeTakeFirst();
  await recordFigures(pool, session, 5);
  const first = await figures();
  expect(first).toMatchObject({ peak_viewers: 5, unique_viewers: 3 });
  await recordFigures(pool, session, 0); // Redis lost its memory
  expect(await figures()).toEqual(first);
  await apply(changes("a", [4]));
  await recordFigures(pool, session, 1);
  expect(await figures()).toMatchObject({ peak_viewers: 5, unique_viewers: 4 });
  await recordFigures(pool, session, 7);
  expect(await figures()).toMatchObject({ peak_viewers: 7, unique_viewers: 4 });
});
