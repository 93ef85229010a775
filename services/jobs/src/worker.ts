/**
 * graphile-worker with our tasks: it takes jobs from Postgres; whatever fails is run again later, with a growing delay.
 * Tasks are in groups with workers of their own: a receiver of webhooks that hangs must not hold up a draw's opening.
 */
import { EventEmitter } from "node:events";
import type { Database } from "@drawchat/db/connect";
import type { JobPayloads } from "@drawchat/db/job-queue";
import type { Log } from "@drawchat/runtime/log";
import { type CronItem, Logger, parseCronItems, type Runner, run, type TaskList, type WorkerEvents } from "graphile-worker";

/** One function a job; the payload is data from outside. */
export type Tasks = { readonly [Name in keyof JobPayloads]?: (payload: unknown) => Promise<void> };

export interface TaskGroup {
  tasks: Tasks;
  /** When its jobs are added by the clock. */
  crons?: CronItem[];
}

export interface WorkersOptions {
  pool: Database["pool"];
  log: Log;
  /** Jobs at once, of each group. */
  concurrency: number;
  groups: readonly TaskGroup[];
  /** Jobs with a time of their own are looked for this often. Default 1,000. */
  pollIntervalMs?: number;
  /** Told of every job that ended; `given_up` comes after the last `failed`. */
  onJob: (name: string, outcome: JobOutcome) => void;
}

export type JobOutcome = "done" | "failed" | "given_up";
export const JOB_OUTCOMES: readonly JobOutcome[] = ["done", "failed", "given_up"];

export interface Workers {
  /** Names under which they hold their jobs. */
  readonly ids: readonly string[];
  /** Rejects if one can no longer run. */
  readonly failed: Promise<unknown>;
  /** Finishes the jobs in hand. */
  stop: () => Promise<void>;
}

/** Resolves once all of them take jobs. */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const ids: string[] = [];
  const runners: Runner[] = [];
  const stop = async () => void (await Promise.all(runners.map((runner) => runner.stop())));
  try {
    for (const group of options.groups) runners.push(await startRunner(options, group, (id) => ids.push(id)));
  } catch (error) {
    await stop();
    throw error;
  }
  return { ids, failed: Promise.all(runners.map((runner) => runner.promise)), stop };
}

async function startRunner(
  { pool, log, concurrency, pollIntervalMs = 1_000, onJob }: WorkersOptions,
  { tasks, crons = [] }: TaskGroup,
  onId: (id: string) => void,
): Promise<Runner> {
  const events: WorkerEvents = new EventEmitter();
  events.on("pool:create", ({ workerPool }) => onId(workerPool.id));
  events.on("job:success", ({ job }) => onJob(job.task_identifier, "done"));
  events.on("job:error", ({ job, error }) => {
    onJob(job.task_identifier, "failed");
    log.warn({ component: "process", job: job.task_identifier, attempts: job.attempts, err: error }, "job failed, will run again");
  });
  events.on("job:failed", ({ job, error }) => {
    onJob(job.task_identifier, "given_up");
    log.error({ component: "process", job: job.task_identifier, attempts: job.attempts, err: error }, "job given up");
  });
  return await run({
    events,
    pgPool: pool,
    concurrency,
    noHandleSignals: true, // run.ts alone listens to signals
    pollInterval: pollIntervalMs,
    logger: workerLogger(log),
    taskList: taskList(tasks),
    parsedCronItems: parseCronItems(crons),
  });
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
