/** The jobs process: what is due at a time, what must happen although a process died, bot and webhooks. Nothing waits for it. */
import { ensureBotUser } from "@drawchat/db/bot-user";
import { connectDatabase } from "@drawchat/db/connect";
import { schemaProblem } from "@drawchat/db/migrate";
import { openFileStore } from "@drawchat/files/store";
import { Acceptor } from "@drawchat/redis/accept";
import { assertRedisSettings, commandClient, isReady } from "@drawchat/redis/connect";
import { ConfigError } from "@drawchat/runtime/env";
import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { PrivateServer } from "@drawchat/runtime/private-server";
import { loadOrExit, type RunningService, run } from "@drawchat/runtime/run";
import { AbandonedJobs } from "./abandoned-jobs.ts";
import { loadConfig } from "./config.ts";
import { LastSeen } from "./last-seen.ts";
import { countJobs } from "./metrics.ts";
import { hurryWhenRedisIsBack } from "./redis-back.ts";
import { roomRestorer } from "./restore-room.ts";
import { adoptConfiguration, runSchedule } from "./session-schedule.ts";
import { taskGroups } from "./task-groups.ts";
import { ViewerSweep } from "./viewer-sweep.ts";
import { startWorkers } from "./worker.ts";

const STOP_TIMEOUT_MS = 15_000;
const GROUPS = 3;

const config = loadOrExit(() => loadConfig(process.env));
const log = createLog("jobs", config.logLevel);

async function start(): Promise<RunningService> {
  const { settings, draw, concurrency, bot, webhook: receiver } = config;
  const metrics = new Metrics("jobs");
  const redis = commandClient(config.redisUrl, "jobs", log);
  const database = connectDatabase({
    url: config.databaseUrl,
    maxConnections: GROUPS * (concurrency + 1) + concurrency + 5, // a job takes one (the bot's two), each group listens on one
    applicationName: "drawchat-jobs",
    onError: (error) => log.warn({ component: "process", err: { message: error.message } }, "postgres connection lost"),
  });
  await redis.connect();
  await assertRedisSettings(redis);
  const problem = await schemaProblem(database.db);
  if (problem !== undefined) throw new ConfigError([problem]);
  if (bot !== undefined) await ensureBotUser(database.db, bot);
  const files = await openFileStore(config.uploads);
  await files.prepare();

  const { db, pool } = database;
  const stopping = new AbortController();
  const schedule = { db, redis, log, draw, hours: { pre: settings.preDrawHours, post: settings.postDrawHours } };
  await adoptConfiguration(schedule);
  await runSchedule(schedule);
  // Bots have no rates.
  const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: roomRestorer(config.apiInternalUrl) });
  const groups = taskGroups({ ...schedule, pool, acceptor, files, metrics, bot, receiver, stopping: stopping.signal });
  const workers = await startWorkers({ pool, log, concurrency, groups, onJob: countJobs(metrics, groups) });
  const loops = [new ViewerSweep({ pool, redis, log }), new LastSeen({ pool, redis, log })];
  for (const loop of loops) loop.start();
  const abandoned = new AbandonedJobs({ pool, ids: workers.ids, log });
  abandoned.start();
  hurryWhenRedisIsBack({ pool, redis, log });
  workers.failed.catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error; // nobody catches it: the process ends, and whoever supervises starts it again
  });

  const notReady = () => [...(stopping.signal.aborted ? ["stopping"] : []), ...(isReady(redis) ? [] : ["redis"])];
  const probes = new PrivateServer({ host: config.privateHost, port: config.privatePort, metrics, notReady });
  const port = await probes.start();
  return {
    ports: { private: port },
    stop: async () => {
      stopping.abort();
      await Promise.all([workers.stop(), ...loops.map((loop) => loop.stop())]);
      await Promise.all([abandoned.stop(), acceptor.drained()]);
      await probes.stop();
      await database.close();
      redis.disconnect();
    },
  };
}

await run({ log, stopTimeoutMs: STOP_TIMEOUT_MS, start });
