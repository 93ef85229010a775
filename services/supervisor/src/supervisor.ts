/**
 * Starts everything in order and stops it in the opposite one: stores, schema, demo draw, then api, gateways, writer,
 * jobs, and last the edge, behind which everything is up. Only the gateways end before the edge: it carries what they
 * tell their sockets. Whatever was begun ends again where a step fails.
 */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { endAll } from "@drawchat/local/endings";
import { portProblem } from "@drawchat/local/ports";
import { ServiceProcess, ServiceStartError } from "@drawchat/local/process";
import { ConfigError, type EnvSource, EXIT_CONFIG } from "@drawchat/runtime/env";
import type { Log } from "@drawchat/runtime/log";
import { buildWeb } from "@drawchat/web/build";
import type { AppLog } from "./app-log.ts";
import type { Config } from "./config.ts";
import { lockDataDir, readOrMakeSecret, StartRefused } from "./data-dir.ts";
import { demoBot } from "./demo-bot.ts";
import { openDemoDraw } from "./demo-draw.ts";
import { type PlannedProcess, planFleet } from "./fleet-plan.ts";
import { refuseUselessStores } from "./given-stores.ts";
import { KeptAlive, type KeptAliveOptions, type Running } from "./kept-alive.ts";
import { connect, migrate, ownPostgres, ownRedis } from "./stores.ts";
import { endpointsOf, writeEndpoints } from "./summary.ts";

export interface Started {
  edge: string;
  demoSession: number | undefined;
  endpointsFile: string;
}

export interface SupervisorOptions {
  config: Config;
  /** The environment that processes inherit. */
  source: EnvSource;
  log: Log;
  appLog: AppLog;
  /** Told in plain words what a person should know while it runs. */
  tell: (sentence: string) => void;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  /** In the order in which they end: the last that was begun first. */
  readonly #endings: (() => Promise<unknown>)[] = [];
  #stopped: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  async start(): Promise<Started> {
    try {
      return await this.#startAll();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await endAll(this.#endings);
  }

  async #startAll(): Promise<Started> {
    const { config, source, log } = this.#options;
    const { dataDir, host, port } = config;
    this.#endings.push(await lockDataDir(dataDir));
    await refuseTakenPort(host, port);
    await refuseUselessStores(config, log);
    const jwtSecret = config.hasJwks ? undefined : (config.jwtSecret ?? (await readOrMakeSecret(dataDir)));
    const webDir = join(dataDir, "web");
    const steps = [this.#startPostgres(), this.#startRedis(), buildPage(webDir)] as const;
    await allEnded(steps);
    const [databaseUrl, redisUrl] = await Promise.all(steps);
    await migrate(databaseUrl);
    const demoSession = await this.#openDemoDraw(databaseUrl);
    const plan = await planFleet({
      source: { ...source, ...demoBot(source) },
      host,
      port,
      gateways: config.gateways,
      redisUrl,
      databaseUrl,
      dataDir,
      webDir,
      jwtSecret,
    });
    await this.#startFleet(plan);
    const edge = `http://${host === "127.0.0.1" || host === "0.0.0.0" ? "localhost" : host}:${port}`;
    const endpointsFile = await writeEndpoints(dataDir, endpointsOf(plan, { redisUrl, databaseUrl, edge }));
    this.#endings.push(() => rm(endpointsFile, { force: true }));
    return { edge, demoSession, endpointsFile };
  }

  async #startPostgres(): Promise<string> {
    const { config, appLog } = this.#options;
    if (config.databaseUrl !== undefined) return config.databaseUrl;
    const postgres = ownPostgres(config.dataDir, (line) => appLog.add("postgres", line));
    await this.#keep("postgres", postgres.launch);
    return postgres.url();
  }

  async #startRedis(): Promise<string> {
    const { config, appLog } = this.#options;
    if (config.redisUrl !== undefined) return config.redisUrl;
    const redis = ownRedis(config.dataDir, (line) => appLog.add("redis", line));
    await this.#keep("redis", redis.launch);
    return redis.url();
  }

  async #openDemoDraw(databaseUrl: string): Promise<number | undefined> {
    const { opensDemoDraw, drawTimeZone } = this.#options.config;
    if (!opensDemoDraw) return undefined;
    const { db, close } = connect(databaseUrl);
    try {
      return await openDemoDraw(db, drawTimeZone);
    } finally {
      await close();
    }
  }

  /**
   * The edge starts when the others are ready. The gateways end first, while their sockets still have a way through the
   * edge to be told 1012; jobs and writer end last.
   */
  async #startFleet(plan: readonly PlannedProcess[]): Promise<void> {
    const keepers = plan.map((process) => ({ process, keeper: this.#keeper(process.name, (signal) => this.#launch(process, signal)) }));
    const of = (...services: PlannedProcess["service"][]) =>
      keepers.filter(({ process }) => services.includes(process.service)).map(({ keeper }) => keeper);
    const stopAll = (services: PlannedProcess["service"]) => () => Promise.all(of(services).map((keeper) => keeper.stop()));
    for (const service of ["jobs", "writer", "api", "edge", "gateway"] as const) this.#endings.push(stopAll(service));
    await allEnded(of("api", "gateway", "writer", "jobs").map((keeper) => keeper.start()));
    await allEnded(of("edge").map((keeper) => keeper.start()));
  }

  async #launch({ name, service, env }: PlannedProcess, signal: AbortSignal): Promise<Running> {
    const { appLog } = this.#options;
    return await ServiceProcess.start({ service, env, signal, onLine: (line) => appLog.add(name, line) });
  }

  async #keep(name: string, launch: KeptAliveOptions["launch"]): Promise<void> {
    const keeper = this.#keeper(name, launch);
    this.#endings.push(() => keeper.stop());
    await keeper.start();
  }

  #keeper(name: string, launch: KeptAliveOptions["launch"]): KeptAlive {
    const { log, tell } = this.#options;
    return new KeptAlive({
      name,
      launch,
      onDeath: () => {
        log.error({ component: "process", process: name }, "process died, starting it again");
        tell(`${name} died; starting it again`);
      },
      onReturn: () => {
        log.info({ component: "process", process: name }, "process is back");
        tell(`${name} is back`);
      },
      onFailure: (_name, error) => log.error({ component: "process", process: name, err: error }, "process did not start"),
    });
  }
}

/**
 * Rejects only when all have ended: nothing may still be starting while we stop. Where processes found settings wrong,
 * with all that they found, else with the first failure.
 */
async function allEnded(steps: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(steps);
  const failures: unknown[] = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  const problems = new Set(failures.flatMap(settingsProblems));
  if (problems.size > 0) throw new ConfigError([...problems]);
  if (failures.length > 0) throw failures[0];
}

/** What a process found wrong with its settings: it prints them indented, one a line. */
function settingsProblems(failure: unknown): string[] {
  if (!(failure instanceof ServiceStartError) || failure.code !== EXIT_CONFIG) return [];
  const lines = failure.output.split("\n").filter((line) => line.startsWith("  "));
  return lines.map((line) => line.trim());
}

async function refuseTakenPort(host: string, port: number): Promise<void> {
  const problem = await portProblem(host, port);
  if (problem === "EADDRINUSE") throw new StartRefused(`port ${port} is in use. Set PORT to a free one: PORT=8080 npm start`);
  if (problem === "EACCES")
    throw new StartRefused(`port ${port} needs rights that you do not have. Set PORT to one above 1023: PORT=8080 npm start`);
  if (problem !== undefined) throw new StartRefused(`cannot listen on ${host}:${port} (${problem}). Check HOST and PORT.`);
}

async function buildPage(webDir: string): Promise<void> {
  await rm(webDir, { recursive: true, force: true });
  await buildWeb(webDir);
}
