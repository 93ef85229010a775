/**
 * A whole chat of real processes, with a Redis and a database of its own. Processes have names (`gateway-1`,
 * `writer-1`, `api-1`, `jobs-1`, `edge-1`) and keep their ports over a restart.
 */

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken, type TokenRequest } from "@drawchat/auth/token";
import type { StoredSession } from "@drawchat/db/sessions";
import { endAll } from "@drawchat/local/endings";
import { freePort } from "@drawchat/local/ports";
import type { LocalPostgres } from "@drawchat/local/postgres";
import { ServiceProcess } from "@drawchat/local/process";
import { inject } from "vitest";
import type { ClientOptions } from "./client.ts";
import { type LogLine, LogLines } from "./log-lines.ts";
import { createTestDatabase, createTestPostgres, type TestDatabase } from "./postgres.ts";
import { createTestRedis, type TestRedis } from "./redis.ts";
import { addSession, type SessionWindow } from "./sessions.ts";

export type ServiceName = "gateway" | "writer" | "api" | "jobs" | "edge";
export type ProcessName = `${ServiceName}-${number}`;

export interface ClusterOptions {
  /** Default 1. */
  gateways?: number;
  /** Default 1. */
  writers?: number;
  /** Default 1. */
  apis?: number;
  /** Default 0. */
  jobs?: number;
  /** Default false. */
  edge?: boolean;
  /** For tests that must know its address before it starts; default any free one. */
  edgePort?: number;
  /** For every process, such as `{ LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0" }`. */
  env?: Readonly<Record<string, string>>;
  /** A built page for the api to serve. */
  webDir?: string;
  /** A Postgres server of its own, which a test may stop and start: `cluster.postgres`. Default false. */
  ownPostgres?: boolean;
  /** A Redis that runs already, and that the caller stops; default one of its own. */
  redis?: TestRedis;
}

interface Plan {
  service: ServiceName;
  env: Record<string, string>;
  publicPort: number;
  privatePort: number;
}

const ISSUER = "drawchat";

/** Starts everything; what was started ends again where something fails. The caller stops it. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const dataDir = await mkdtemp(join(tmpdir(), "drawchat-test-cluster-"));
  const { redis, remove } = options.redis === undefined ? await createTestRedis() : { redis: options.redis, remove: async () => undefined };
  const cleanups = [() => rm(dataDir, { recursive: true, force: true }), remove];
  try {
    const postgres = options.ownPostgres === true ? await createTestPostgres() : undefined;
    if (postgres !== undefined) cleanups.push(() => postgres.remove());
    const database = postgres === undefined ? await createTestDatabase() : await postgres.createDatabase();
    cleanups.push(() => database.drop());
    const secret = randomBytes(32).toString("hex");
    const plans = await planProcesses(options, { redis, database, secret, dataDir });
    const cluster = new Cluster({ redis, database, postgres: postgres?.server, secret, plans, cleanups });
    cleanups.push(() => cluster.stopProcesses());
    await cluster.startProcesses();
    return cluster;
  } catch (error) {
    await endAll(cleanups);
    throw error;
  }
}

interface ClusterParts {
  redis: TestRedis;
  database: TestDatabase;
  postgres: LocalPostgres | undefined;
  secret: string;
  plans: ReadonlyMap<ProcessName, Plan>;
  cleanups: (() => Promise<unknown>)[];
}

export class Cluster {
  readonly redis: TestRedis;
  readonly database: TestDatabase;
  /** What every process wrote. */
  readonly logs = new LogLines();
  readonly #parts: ClusterParts;
  readonly #processes = new Map<ProcessName, ServiceProcess>();

  constructor(parts: ClusterParts) {
    this.redis = parts.redis;
    this.database = parts.database;
    this.#parts = parts;
  }

  /** HTTP address of a process's public port: `http://127.0.0.1:20111`. */
  url(name: ProcessName): string {
    return `http://127.0.0.1:${this.#plan(name).publicPort}`;
  }

  /** Address of its private port (health, metrics, internal calls). */
  privateUrl(name: ProcessName): string {
    return `http://127.0.0.1:${this.#plan(name).privatePort}`;
  }

  /** Where a client joins a session; the default is the first gateway. */
  socketUrl(sessionId: number, name: ProcessName = "gateway-1"): string {
    return `${this.url(name).replace("http:", "ws:")}/live-chat/ws/${sessionId}`;
  }

  /** What a TestClient needs to join a session as user 1, or as told. */
  async clientOptions(sessionId: number, user: Partial<TokenRequest> & { gateway?: ProcessName } = {}): Promise<ClientOptions> {
    return { url: this.socketUrl(sessionId, user.gateway), token: await this.token(user) };
  }

  /** A token that this cluster takes. */
  token(request: Partial<TokenRequest> = {}): Promise<string> {
    const secret = new TextEncoder().encode(this.#parts.secret);
    const config = { key: { kind: "secret" as const, secret }, issuer: ISSUER, audience: ISSUER, maxAgeSeconds: 86_400 };
    return signToken(config, { userId: 1, username: `user${request.userId ?? 1}`, expiresInSeconds: 3_600, ...request });
  }

  /** Adds a session, open unless told otherwise. */
  session(window: SessionWindow = {}): Promise<StoredSession> {
    return addSession(this.database.db, window);
  }

  /** The server of a cluster that was started with `ownPostgres`. */
  get postgres(): LocalPostgres {
    const { postgres } = this.#parts;
    if (postgres === undefined) throw new Error("the cluster has no Postgres of its own");
    return postgres;
  }

  process(name: ProcessName): ServiceProcess {
    const found = this.#processes.get(name);
    if (found === undefined) throw new Error(`${name} is not running`);
    return found;
  }

  /** Sends a signal; SIGKILL and SIGTERM resolve when the process has ended. */
  async kill(name: ProcessName, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const process = this.process(name);
    process.kill(signal);
    if (signal === "SIGKILL" || signal === "SIGTERM") await process.ended;
  }

  /** Starts it again, on the same ports, after it ended; where it still runs it is stopped first. */
  async restart(name: ProcessName): Promise<void> {
    await this.#processes.get(name)?.stop();
    await this.#start(name);
  }

  /** Stops everything and removes its data. */
  async stop(): Promise<void> {
    await endAll(this.#parts.cleanups);
  }

  /** At once; rejects with the first failure after all have tried. */
  async startProcesses(): Promise<void> {
    const results = await Promise.allSettled([...this.#parts.plans.keys()].map((name) => this.#start(name)));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  async stopProcesses(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process.stop()));
  }

  waitForLog(where: (line: LogLine) => boolean): Promise<LogLine> {
    return this.logs.waitFor(where);
  }

  async #start(name: ProcessName): Promise<void> {
    const { service, env } = this.#plan(name);
    const entry = join(inject("serviceBundles"), `${service}.mjs`);
    this.#processes.set(name, await ServiceProcess.start({ service, entry, env, onLine: (line) => this.logs.add(name, line) }));
  }

  #plan(name: ProcessName): Plan {
    const plan = this.#parts.plans.get(name);
    if (plan === undefined) throw new Error(`the cluster has no ${name}`);
    return plan;
  }
}

type Shared = Omit<ClusterParts, "plans" | "cleanups" | "postgres"> & { dataDir: string };

async function planProcesses(options: ClusterOptions, { redis, database, secret, dataDir }: Shared): Promise<Map<ProcessName, Plan>> {
  const { gateways = 1, writers = 1, apis = 1, jobs = 0, edge = false } = options;
  const counts = { api: apis, gateway: gateways, writer: writers, jobs, edge: edge ? 1 : 0 };
  const plans = new Map<ProcessName, Plan>();
  const common = { NODE_ENV: "test", LOG_LEVEL: "info", TZ: "UTC", HOST: "127.0.0.1", PRIVATE_HOST: "127.0.0.1", JWT_SECRET: secret };
  const stores = { REDIS_URL: redis.url, DATABASE_URL: database.url, DATA_DIR: dataDir, WEB_DIR: options.webDir ?? dataDir };
  for (const service of ["api", "gateway", "writer", "jobs", "edge"] as const) {
    for (let n = 1; n <= counts[service]; n += 1) {
      const [freePublicPort, privatePort] = [await freePort(), await freePort()];
      const publicPort = service === "edge" ? (options.edgePort ?? freePublicPort) : freePublicPort;
      const ports = { PORT: String(publicPort), PRIVATE_PORT: String(privatePort), GATEWAY_ID: `gateway-${n}` };
      plans.set(`${service}-${n}`, { service, publicPort, privatePort, env: { ...common, ...stores, ...ports, ...options.env } });
    }
  }
  const addresses = addressesOf(plans);
  for (const plan of plans.values()) Object.assign(plan.env, addresses);
  return plans;
}

/** Where processes find each other. */
function addressesOf(plans: ReadonlyMap<ProcessName, Plan>): Record<string, string> {
  const of = (service: ServiceName) => [...plans.values()].filter((plan) => plan.service === service);
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const [api] = of("api");
  const addresses = {
    EDGE_GATEWAYS: of("gateway")
      .map((plan) => url(plan.publicPort))
      .join(","),
  };
  return api === undefined ? addresses : { ...addresses, API_INTERNAL_URL: url(api.privatePort), EDGE_API: url(api.publicPort) };
}
