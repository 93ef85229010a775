import { addJobs } from "@drawchat/db/job-queue";
import { createLog } from "@drawchat/runtime/log";
import { testDatabase } from "@drawchat/testkit/postgres";
import { expect, test } from "vitest";
import { AbandonedJobs } from "./abandoned-jobs.ts";

const log = createLog("test", "silent");
const { pool } = await testDatabase();
const PATIENCE = { timeout: 10_000 };

/** A job that a worker of this name took a while ago. */
async function take(key: string, workerId: string): Promise<void> {
  await addJobs(pool, [{ name: "sweep_webhooks", payload: {}, key }]);
  await pool.query(
    "UPDATE graphile_worker._private_jobs SET locked_by = $2, locked_at = now() - interval '5 seconds', attempts = 1 WHERE key = $1",
    [key, workerId],
  );
}

async function takers() {
  const { rows } = await pool.query<{ locked_by: string | null }>("SELECT locked_by FROM graphile_worker.jobs ORDER BY key");
  return rows.map((row) => row.locked_by);
}

async function locksHeld() {
  const { rows } = await pool.query<{ n: number }>(
    "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
  return rows[0]?.n;
}

test("jobs of workers that are gone run again, those of the living stay theirs", async () => {
  const own = new AbandonedJobs({ pool, ids: ["own-1", "own-2"], log, roundMs: 50 });
  const other = new AbandonedJobs({ pool, ids: ["other"], log, roundMs: 50 });
  own.start();
  other.start();
  await expect.poll(locksHeld, PATIENCE).toBe(3);
  await take("a", "own-2");
  await take("b", "other");
  await take("c", "dead");
  await expect.poll(takers, PATIENCE).toEqual(["own-2", "other", null]);
  await other.stop();
  await expect.poll(takers, PATIENCE).toEqual(["own-2", null, null]);
  await own.stop();
});

test("a process whose connection is cut keeps its jobs, and its locks come back", async () => {
  await pool.query("DELETE FROM graphile_worker._private_jobs");
  const own = new AbandonedJobs({ pool, ids: ["own"], log, roundMs: 50 });
  own.start();
  await expect.poll(locksHeld, PATIENCE).toBe(1);
  await take("a", "own");
  await pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid() AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
  await expect.poll(locksHeld, PATIENCE).toBe(1);
  expect(await takers()).toEqual(["own"]);
  await own.stop();
});
