/** `npm start`: the whole chat on one machine. */
import { ServiceStartError } from "@drawchat/local/process";
import { ConfigError, EXIT_CONFIG } from "@drawchat/runtime/env";
import { createLog } from "@drawchat/runtime/log";
import { loadOrExit, run } from "@drawchat/runtime/run";
import { AppLog } from "./app-log.ts";
import { loadConfig } from "./config.ts";
import { StartRefused } from "./data-dir.ts";
import { summaryText } from "./summary.ts";
import { Supervisor } from "./supervisor.ts";

// Longer than all stops in a row may take: each ends what it stops hard before that.
const STOP_TIMEOUT_MS = 120_000;

const config = loadOrExit(() => loadConfig(process.env));
const appLog = new AppLog(config.logDir);
const log = createLog("supervisor", config.logLevel, appLog);
const tell = (sentence: string) => void process.stdout.write(`${sentence}\n`);

/** In words; a process that found its configuration wrong has said so itself. */
function explain(error: unknown): string {
  if (error instanceof ServiceStartError) return `${error.service} did not start:\n${error.output}`;
  return error instanceof Error ? error.message : String(error);
}

async function start() {
  tell("Starting drawchat (the first time takes a little longer) ...");
  const supervisor = new Supervisor({ config, source: process.env, log, appLog, tell });
  try {
    const started = await supervisor.start();
    tell(summaryText({ ...started, gateways: config.gateways, canSignTokens: !config.hasJwks, logFile: appLog.path }));
  } catch (error) {
    const isAllSaid = error instanceof StartRefused || error instanceof ConfigError;
    process.stderr.write(`\ndrawchat did not start: ${explain(error)}\n${isAllSaid ? "" : `More in ${appLog.path}\n`}`);
    if (error instanceof ServiceStartError && error.code === EXIT_CONFIG) throw new ConfigError([error.output]);
    throw error;
  }
  const stop = async () => {
    tell("Stopping ...");
    await supervisor.stop();
    tell("Everything is stopped.");
  };
  return { ports: { public: config.port }, stop };
}

await run({ log, stopTimeoutMs: STOP_TIMEOUT_MS, start });
