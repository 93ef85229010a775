/** graphile-worker with our tasks: it takes jobs from Postgres; whatever fails is run again later, with a growing delay. */
import type { Database } from "@drawchat/db/connect";
import type { JobPayloads } from "@drawchat/db/job-queue";
import type { Log } from "@drawchat/runtime/log";
import { Logger, parseCronItems, type Runner, run, type TaskList } from "graphile-worker";

/** One function a job that this worker takes; the payload is data from outside. */
export type Tasks = { readonly [Name in keyof JobPayloads]?: (payload: unknown) => Promise<void> };

export interface WorkerOptions {
  pool: Database["pool"];
  log: Log;
  concurrency: number;
  tasks: Tasks;
  /** Told of every job that ended. */
  onJob: (name: string, outcome: "done" | "failed") => void;
}

/** Resolves once it takes jobs. Its `stop()` finishes those in hand; its `promise` rejects if it can no longer run. */
export async function startWorker({ pool, log, concurrency, tasks, onJob }: WorkerOptions): Promise<Runner> {
  const runner = await run({
    pgPool: pool,
    concurrency,
    noHandleSignals: true, // run.ts alone listens to signals
    pollInterval: 1_000,
    logger: workerLogger(log),
    taskList: taskList(tasks),
    parsedCronItems: parseCronItems([{ task: "session_schedule", match: "* * * * *", options: { jobKey: "session_schedule:minute" } }]),
  });
  runner.events.on("job:success", ({ job }) => onJob(job.task_identifier, "done"));
  runner.events.on("job:error", ({ job, error }) => {
    onJob(job.task_identifier, "failed");
    log.warn({ component: "process", job: job.task_identifier, attempts: job.attempts, err: error }, "job failed, will run again");
  });
  return runner;
}

function taskList(tasks: Tasks): TaskList {
  const list: TaskList = {};
  for (const [name, task] of Object.entries(tasks)) list[name] = async (payload) => task(payload);
  return list;
}

/** Its lines are ours at one level lower: it tells of every poll. */
function workerLogger(log: Log): Logger {
  return new Logger(() => (level, message) => {
    if (level === "error") log.warn({ component: "process", said: message }, "job worker");
    else log.debug({ component: "process", said: message }, "job worker");
  });
}
