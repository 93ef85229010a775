import { addJobs } from "@drawchat/db/job-queue";
import { createLog } from "@drawchat/runtime/log";
import { testDatabase } from "@drawchat/testkit/postgres";
import { expect, test } from "vitest";
import { makeDue } from "./redis-back.ts";

const { pool } = await testDatabase();
const log = createLog("test", "silent");

test("jobs that failed while Redis was away are due at once, and no others", async () => {
  await addJobs(pool, [
    { name: "apply_membership", payload: { conversation_id: 1 }, key: "failed" },
    { name: "apply_membership", payload: { conversation_id: 2 }, key: "running" },
    { name: "tell_user", payload: { user_id: 3 }, key: "given up" },
    { name: "deliver_webhooks", payload: { conversation_id: 4 }, key: "another's" },
  ]);
  await pool.query(`
    UPDATE graphile_worker._private_jobs SET run_at = now() + interval '1 hour', attempts = 3,
      locked_at = CASE WHEN key = 'running' THEN now() END,
      max_attempts = CASE WHEN key = 'given up' THEN 3 ELSE 25 END`);
  await makeDue({ pool, log });
  const { rows } = await pool.query<{ key: string }>("SELECT key FROM graphile_worker.jobs WHERE run_at <= now()");
  expect(rows).toEqual([{ key: "failed" }]);
});
