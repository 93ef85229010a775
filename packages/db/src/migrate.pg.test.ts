import { testDatabase } from "@drawchat/testkit/postgres";
import { Migrator } from "kysely/migration";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrateToLatest } from "./migrate.ts";
import * as liveChat from "./migrations/0001-live-chat.ts";

const database = await testDatabase();
const { db, pool, url } = database;
const LATER = ["0002-viewers-index", "0003-figures", "0004-conversations"];

/** The first version, with a session, a viewer, a message and a like. */
beforeEach(async () => {
  await pool.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  const provider = { getMigrations: async () => ({ "0001-live-chat": liveChat }) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error;
  await pool.query(`
    INSERT INTO live_chat_sessions (kind, draw_date, draw_at, opens_at, closes_at, state, is_active, total_likes, winners)
      VALUES ('explicit', '2026-05-01', '2026-05-01T20:00Z', '2026-05-01T19:00Z', '2026-05-01T21:00Z', 'open', true, 3, '{7}');
    INSERT INTO live_chat_viewers (session_id, user_id, gateway_id, is_active) VALUES (1, 7, 'g1', true), (1, 8, 'g2', false);
    INSERT INTO live_chat_messages
      (id, session_id, user_id, client_id, username, message, message_type, likes, is_winner, is_host, created_at, last_event_id)
      VALUES (4096, 1, 7, gen_random_uuid(), 'ann', 'hello', 'text', 1, true, false, now(), 4096);
    INSERT INTO live_chat_likes (session_id, message_id, user_id, created_at) VALUES (1, 4096, 8, now())`);
});

const holders: pg.Client[] = [];
afterEach(async () => {
  for (const holder of holders.splice(0)) await holder.end();
});

/** A transaction that has read the sessions and does nothing more. */
async function holdSessions(): Promise<pg.Client> {
  const holder = new pg.Client({ connectionString: url });
  holders.push(holder);
  await holder.connect();
  await holder.query("BEGIN");
  await holder.query("SELECT * FROM live_chat_sessions");
  return holder;
}

async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  return (await pool.query<Record<string, unknown>>(`SELECT * FROM ${table}`)).rows;
}

async function applied(): Promise<unknown[]> {
  return (await rowsOf("kysely_migration ORDER BY name")).map((row) => row.name);
}

async function isAltering(): Promise<boolean> {
  const { rows } = await pool.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%ALTER TABLE%'",
  );
  return rows.length > 0;
}

test("from the first version to the latest every row stays, also where two migrate at once", async () => {
  const tables = ["live_chat_sessions", "live_chat_viewers", "live_chat_messages", "live_chat_likes"];
  const before = await Promise.all(tables.map(rowsOf));
  const names = await Promise.all([migrateToLatest(database), migrateToLatest(database)]);
  expect(names.flat().sort()).toEqual(LATER);
  const [sessions = [], ...others] = before;
  const withFigures = sessions.map((row) => ({ ...row, peak_viewers: 0, unique_viewers: 0 }));
  expect(await Promise.all(tables.map(rowsOf))).toEqual([withFigures, ...others]);
});

test("a transaction that has read the sessions holds up the migration, not those who read", async () => {
  const holder = await holdSessions();
  let isDone = false;
  let slowestMs = 0;
  const reads = (async () => {
    while (!isDone) {
      const from = performance.now();
      await pool.query("SELECT id FROM live_chat_sessions, live_chat_viewers LIMIT 1");
      slowestMs = Math.max(slowestMs, performance.now() - from);
    }
  })();
  const migrating = migrateToLatest(database).finally(() => {
    isDone = true;
  });
  for (const waits of [true, false, true]) await expect.poll(isAltering, { timeout: 5_000, interval: 20 }).toBe(waits);
  expect(await applied()).toEqual(["0001-live-chat", "0002-viewers-index"]); // this one is not held up
  await holder.query("COMMIT");
  expect(await migrating).toEqual(LATER);
  await reads;
  expect(slowestMs).toBeLessThan(2_000);
});

test("a migration that never gets its locks says what to do, and leaves nothing of it", async () => {
  const holder = await holdSessions();
  await expect(migrateToLatest(database, { maxAttempts: 1 })).rejects.toThrow(/0003-figures failed.*end long transactions/);
  await holder.query("COMMIT");
  expect(await applied()).toEqual(["0001-live-chat", "0002-viewers-index"]);
  expect(await migrateToLatest(database)).toEqual(LATER.slice(1));
});
