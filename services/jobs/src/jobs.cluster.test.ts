/** The jobs process as it is run: real Redis, real Postgres, a real signal. */

import { handOff } from "@drawchat/db/conversation-handoff";
import { addJob } from "@drawchat/db/job-queue";
import { closeSession, createSession } from "@drawchat/db/session-changes";
import { cancelSession, rescheduleSession } from "@drawchat/db/session-reschedule";
import { editUser } from "@drawchat/db/users";
import { ServiceProcess, ServiceStartError } from "@drawchat/local/process";
import { commandClient } from "@drawchat/redis/connect";
import { readControl } from "@drawchat/redis/control";
import { readRoom } from "@drawchat/redis/room-state";
import { createLog } from "@drawchat/runtime/log";
import { startCluster } from "@drawchat/testkit/cluster";
import { addConversation } from "@drawchat/testkit/conversations";
import { tellNodes } from "@drawchat/testkit/redis-nodes";
import { afterAll, expect, test } from "vitest";

const cluster = await startCluster({
  gateways: 0,
  writers: 0,
  jobs: 1,
  env: { DRAW_TIME_HOUR: "00", DRAW_TIME_MINUTE: "00", DRAW_TIMEZONE: "Pacific/Kiritimati", LOG_LEVEL: "info" },
});
afterAll(() => cluster.stop());
const { db } = cluster.database;

test("the sessions of the daily draws ahead are there once it is ready", async () => {
  const dates = await db.selectFrom("live_chat_sessions").select("draw_date").where("kind", "=", "daily").orderBy("draw_date").execute();
  expect(dates.length).toBeGreaterThanOrEqual(1);
});

test("a session opens and closes at its instants, not at the next minute", async () => {
  const { id } = await cluster.session({ opensInMs: 1_500, drawInMs: 2_000, closesInMs: 3_000 });
  const opened = await cluster.waitForLog((line) => line.msg === "session opened" && line.session === id);
  const closed = await cluster.waitForLog((line) => line.msg === "session closed" && line.session === id);
  const row = await db.selectFrom("live_chat_sessions").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  expect(Date.parse(String(opened.time)) - row.opens_at.getTime()).toBeLessThan(2_500);
  expect(Date.parse(String(closed.time)) - row.closes_at.getTime()).toBeLessThan(2_500);
  expect(row).toMatchObject({ state: "closed", is_active: false });
});

test("a session that is moved opens and closes at its new instants", async () => {
  const { id, drawDate } = await cluster.session({ opensInMs: 3_600_000, drawInMs: 3_600_000, closesInMs: 7_200_000 });
  const nowMs = Date.now();
  const plan = () => ({ drawDate, opensAtMs: nowMs + 1_000, drawAtMs: nowMs + 1_500, closesAtMs: nowMs + 2_000 });
  expect(await rescheduleSession(db, { id, plan, nowMs })).toMatchObject({ session: { state: "scheduled" } });
  await cluster.waitForLog((line) => line.msg === "session opened" && line.session === id);
  const closed = await cluster.waitForLog((line) => line.msg === "session closed" && line.session === id);
  expect(Date.parse(String(closed.time)) - (nowMs + 2_000)).toBeLessThan(2_500);
});

test("the daily draw of a date comes back when the explicit session in its place is cancelled, and not when it is cancelled itself", async () => {
  const daily = await db
    .selectFrom("live_chat_sessions")
    .selectAll()
    .where("kind", "=", "daily")
    .orderBy("id", "desc")
    .executeTakeFirstOrThrow();
  const stateOf = async () =>
    (await db.selectFrom("live_chat_sessions").select("state").where("id", "=", daily.id).executeTakeFirst())?.state;
  const [drawAtMs, opensAtMs, closesAtMs] = [daily.draw_at.getTime() + 60_000, daily.opens_at.getTime(), daily.closes_at.getTime()];
  const created = await createSession(db, { drawDate: daily.draw_date, drawAtMs, opensAtMs, closesAtMs }, Date.now());
  if (created === "conflict") throw new Error("conflict");
  expect(await stateOf()).toBe("cancelled");
  await cancelSession(db, created.session.id, Date.now());
  // At some hours of the day it is open by now.
  await expect.poll(stateOf, { timeout: 10_000 }).toMatch(/^(scheduled|open)$/);
  await cancelSession(db, daily.id, Date.now());
  const settled = await cluster.session({ opensInMs: 500, drawInMs: 1_000, closesInMs: 60_000 }); // the schedule has looked again by then
  await cluster.waitForLog((line) => line.msg === "session opened" && line.session === settled.id);
  expect(await stateOf()).toBe("cancelled");
});

test("a policy that was committed but never told to Redis is told by its job", async () => {
  const { id } = await cluster.session();
  const restored = await fetch(`${cluster.privateUrl("api-1")}/internal/rooms/s${id}/restore`, { method: "POST" });
  expect(restored.status).toBe(204);
  await closeSession(db, id); // and the one who did it dies here
  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  await expect.poll(async () => (await readRoom(redis, `s${id}`))?.policy, { timeout: 10_000 }).toMatchObject({ state: "closed" });
  redis.disconnect();
});

test("who may be in a conversation that was committed but never told to Redis is told by its job", async () => {
  const id = await addConversation(db, { members: [{ userId: 1 }, { userId: 70, role: "bot" }] });
  const restored = await fetch(`${cluster.privateUrl("api-1")}/internal/rooms/c${id}/restore`, { method: "POST" });
  expect(restored.status).toBe(204);
  await handOff(db, { id, tellsWebhook: false }); // and the one who did it dies here
  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  await expect
    .poll(async () => (await readRoom(redis, `c${id}`))?.policy, { timeout: 10_000 })
    .toMatchObject({ version: 2, isBotOn: false });
  redis.disconnect();
});

test("gateways are told of a deactivated user though whoever did it died", async () => {
  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  const user = { id: 4_711, username: "eve", profile_pic: null, role: "customer", last_seen_at: null } as const;
  await db.insertInto("users").values(user).execute();
  await editUser(db, user.id, { isActive: false }); // and the one who did it dies here
  const commands = async () => (await readControl(redis, 0)).map(({ command }) => command);
  await expect.poll(commands, { timeout: 10_000 }).toMatchObject([{ type: "end_user", user_id: user.id, code: 4503 }]);
  redis.disconnect();
});

test("a snoozed conversation wakes when its time has come", async () => {
  const id = await addConversation(db);
  const asleep = { status: "snoozed" as const, snoozed_until: new Date() };
  await db.updateTable("conversations").set(asleep).where("id", "=", id).execute();
  await addJob(db, { name: "wake_conversations", payload: {}, key: "now" }); // as the clock does each minute
  const state = () => db.selectFrom("conversations").select(["status", "snoozed_until"]).where("id", "=", id).executeTakeFirst();
  await expect.poll(state, { timeout: 10_000 }).toEqual({ status: "open", snoozed_until: null });
});

test("it goes on after Postgres ended all its connections", async () => {
  // A job whose removal is under way at that moment ends the process: graphile-worker waits for nothing of it, and does not try again.
  const inHand = async () => (await cluster.database.pool.query("SELECT 1 FROM graphile_worker.jobs WHERE locked_by IS NOT NULL")).rowCount;
  await expect.poll(inHand, { timeout: 10_000 }).toBe(0);
  const { rows } = await cluster.database.pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drawchat-jobs' AND datname = current_database()",
  );
  expect(rows.length).toBeGreaterThanOrEqual(1);
  const { id } = await cluster.session({ opensInMs: 1_000, drawInMs: 2_000, closesInMs: 60_000 });
  await cluster.waitForLog((line) => line.msg === "session opened" && line.session === id);
  expect(cluster.logs.all.some((line) => line.level === "fatal")).toBe(false);
});

test("every job has its counts from the start, so that the first failure is a rise", async () => {
  const metrics = await (await fetch(`${cluster.privateUrl("jobs-1")}/metrics`)).text();
  for (const name of ["apply_policy", "session_schedule", "apply_membership", "wake_conversations", "sweep_webhooks"]) {
    for (const outcome of ["done", "failed", "given_up"]) {
      expect(metrics).toContain(`drawchat_jobs_total{name="${name}",outcome="${outcome}",service="jobs"} `);
    }
  }
});

/** What a second one, on the same stores, says when it ends by itself with 78. */
async function refusal(): Promise<string> {
  const env = {
    REDIS_URL: cluster.redis.url,
    DATABASE_URL: cluster.database.url,
    API_INTERNAL_URL: "http://127.0.0.1:9",
    PRIVATE_PORT: "0",
  };
  const error: unknown = await ServiceProcess.start({ service: "jobs", env }).then(
    () => "it started",
    (reason: unknown) => reason,
  );
  if (!(error instanceof ServiceStartError) || error.code !== 78) throw error;
  return error.output;
}

test("a schema that is not its own ends it with 78", async () => {
  const { pool } = cluster.database;
  await pool.query("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-foreign', 'now')");
  expect(await refusal()).toContain("the schema is newer than this version (9999-foreign)");
  await pool.query("DELETE FROM kysely_migration WHERE name = '9999-foreign'");
});

test("a Redis that may evict keys ends it with 78", async () => {
  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  await tellNodes(redis, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  expect(await refusal()).toContain("set `maxmemory-policy noeviction`");
  await tellNodes(redis, "CONFIG", "SET", "maxmemory-policy", "noeviction");
  redis.disconnect();
});

test("SIGTERM ends it with 0, and it is ready on its private port until then", async () => {
  expect((await fetch(`${cluster.privateUrl("jobs-1")}/readyz`)).status).toBe(200);
  cluster.process("jobs-1").kill("SIGTERM");
  expect(await cluster.process("jobs-1").ended).toMatchObject({ code: 0 });
  const stopped = await cluster.waitForLog((line) => line.service === "jobs" && line.msg === "stopped");
  expect(stopped.level).toBe("info");
});
