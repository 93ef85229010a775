/** The jobs process: what is due at a time, and what must happen although a process died. Nothing waits for it. */
import { connectDatabase } from "@drawchat/db/connect";
import { schemaProblem } from "@drawchat/db/migrate";
import { assertRedisSettings, commandClient, isReady } from "@drawchat/redis/connect";
import { ConfigError } from "@drawchat/runtime/env";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { PrivateServer } from "@drawchat/runtime/private-server";
import { loadOrExit, type RunningService, run } from "@drawchat/runtime/run";
import { applySessionPolicy } from "./apply-policy.ts";
import { loadConfig } from "./config.ts";
import { adoptConfiguration, runSchedule } from "./session-schedule.ts";
import { ViewerSweep } from "./viewer-sweep.ts";
import { startWorker, type Tasks } from "./worker.ts";

const STOP_TIMEOUT_MS = 15_000;

const config = loadOrExit(() => loadConfig(process.env));
const log = createLog("jobs", config.logLevel);

async function start(): Promise<RunningService> {
  const { settings, draw, concurrency } = config;
  const metrics = new Metrics("jobs");
  const jobs = metrics.counter("jobs_total", "Jobs that ended", ["name", "outcome"]);
  const redis = commandClient(config.redisUrl, "jobs", log);
  const database = connectDatabase({
    url: config.databaseUrl,
    maxConnections: concurrency + 4, // the worker listens on one of its own, the sweep takes one
    applicationName: "drawchat-jobs",
    onError: (error) => log.warn({ component: "process", err: { message: error.message } }, "postgres connection lost"),
  });
  await redis.connect();
  await assertRedisSettings(redis);
  const problem = await schemaProblem(database.db);
  if (problem !== undefined) throw new ConfigError([problem]);

  const { db, pool } = database;
  const parts = { db, redis, log, draw, hours: { pre: settings.preDrawHours, post: settings.postDrawHours } };
  await adoptConfiguration(parts);
  await runSchedule(parts);
  const tasks: Tasks = { session_schedule: () => runSchedule(parts), apply_policy: (payload) => applySessionPolicy(parts, payload) };
  // A series that began with its first failure would be a rise that nobody sees.
  for (const name of Object.keys(tasks)) for (const outcome of ["done", "failed"]) jobs.inc({ name, outcome }, 0);
  const worker = await startWorker({
    pool,
    log,
    concurrency,
    tasks,
    onJob: (name, outcome) => jobs.inc({ name, outcome }),
  });
  const sweep = new ViewerSweep({ pool, redis, log });
  sweep.start();
  let stopping = false;
  worker.promise.catch((error: unknown) => {
    if (!stopping) throw error; // nobody catches it: the process ends, and whoever supervises starts it again
  });

  const notReady = () => [...(stopping ? ["stopping"] : []), ...(isReady(redis) ? [] : ["redis"])];
  const probes = new PrivateServer({ host: config.privateHost, port: config.privatePort, metrics, notReady });
  const port = await probes.start();
  return {
    ports: { private: port },
    stop: async () => {
      stopping = true;
      await Promise.all([worker.stop(), sweep.stop()]);
      await probes.stop();
      await database.close();
      redis.disconnect();
    },
  };
}

await run({ log, stopTimeoutMs: STOP_TIMEOUT_MS, start });
