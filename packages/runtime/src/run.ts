/**
 * The life of a process: configure, start, serve, stop. The only place that listens to signals or exits.
 *
 * A service prints one line when it is ready, `{"msg":"ready",…,"ports":{…}}`, which the supervisor and the tests
 * wait for. SIGTERM and SIGINT stop it once; a second signal or a stop that takes longer than `stopTimeoutMs` ends it hard.
 */
import { ConfigError, EXIT_CONFIG } from "./env.ts";
import type { Log } from "./log.ts";

export interface RunningService {
  /** Ports it listens on, by name, for the `ready` line. */
  ports: Record<string, number>;
  /** Stops intake first, finishes what is in hand, then closes. Called once. */
  stop: () => Promise<void>;
}

export interface RunOptions {
  log: Log;
  stopTimeoutMs: number;
  start: () => Promise<RunningService>;
}

/** Loads a configuration; a ConfigError goes to stderr in full and ends the process with 78. */
export function loadOrExit<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
}

export async function run({ log, stopTimeoutMs, start }: RunOptions): Promise<void> {
  process.on("uncaughtException", (error) => {
    log.fatal({ component: "process", err: error }, "uncaught exception");
    process.exit(1);
  });
  process.on("unhandledRejection", (error) => {
    log.fatal({ component: "process", err: error }, "unhandled rejection");
    process.exit(1);
  });
  const stopped = signalled();
  let service: RunningService;
  try {
    service = await start();
  } catch (error) {
    if (error instanceof ConfigError) {
      log.fatal({ component: "process", problems: error.problems }, "refused to start");
      process.exit(EXIT_CONFIG);
    }
    log.fatal({ component: "process", err: error }, "failed to start");
    process.exit(1);
  }
  log.info({ component: "process", ports: service.ports }, "ready");
  const signal = await stopped;
  log.info({ component: "process", signal }, "stopping");
  const deadline = setTimeout(() => {
    log.error({ component: "process", stopTimeoutMs }, "stop took too long");
    process.exit(1);
  }, stopTimeoutMs);
  await service.stop();
  clearTimeout(deadline);
  log.info({ component: "process" }, "stopped");
  process.exit(0);
}

/** Ctrl-C below npm comes twice: from the terminal, and handed on by npm. */
const SAME_SIGNAL_MS = 1_000;

/** Resolves at the first SIGTERM or SIGINT; a second one (not the same one again) ends the process at once. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
      const now = performance.now();
      if (firstAt !== undefined && now - firstAt > SAME_SIGNAL_MS) process.exit(1);
      firstAt ??= now;
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}
