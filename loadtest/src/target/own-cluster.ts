/** A whole chat of a run's own on this machine: Redis, Postgres, api, gateways, writers, and HAProxy in front. */

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endAll } from "@drawchat/local/endings";
import { LocalHaproxy } from "@drawchat/local/haproxy-process";
import { ServiceProcess } from "@drawchat/local/process";
import type { Road } from "../generator/load-connection.ts";
import type { ProcessToWatch } from "../report/collector.ts";
import { changedSettings, settingsEnv } from "./changed-settings.ts";
import { type OwnStores, startStores } from "./own-stores.ts";
import { pin } from "./pinning.ts";
import { type ClusterSize, type ProcessPlan, planProcesses } from "./process-plans.ts";
import { haproxyVersion, postgresVersion, redisVersion } from "./server-versions.ts";
import { type SlotMover, startSlotMover } from "./slot-mover.ts";
import type { Target } from "./target.ts";

export interface OwnClusterOptions extends ClusterSize {
  /** HAProxy with infra/haproxy/haproxy.cfg in front. false: sockets go to the gateways themselves, in turn. */
  hasBalancer: boolean;
  /** Rooms. Default 1. */
  sessions?: number;
  /** 1 (default): a server alone. More: a cluster of so many. */
  redisNodes?: number;
  /** Of a cluster: a room moves to the next node so often. Default 0: they stay. */
  moveSlotsEveryMs?: number;
  /** All that the run opens, for the balancer's own limit. */
  sockets: number;
  connectsPerSecond: number;
  /** 0: no ledger. */
  trailEvents: number;
  /** Messages of a session shown live in a second. Default 0: all of them. */
  sampleAbove?: number;
  /** Gateways on processor 0, everything else on the others. */
  isPinned?: boolean;
  /** Value of HAPROXY_PATH. */
  haproxyPath?: string | undefined;
  onProgress?: (what: string) => void;
}

const HOST = "127.0.0.1";
const FIRST_USER_ID = 1_000_000;
const ISSUER = "drawchat";

/** Takes sockets when it resolves; what was started ends again where something fails. The caller stops it. */
export async function startOwnCluster(options: OwnClusterOptions): Promise<Target> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-load-"));
  const cleanups: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true })];
  const stop = async () => {
    await endAll(cleanups);
  };
  try {
    return await start(options, dir, cleanups, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

type Cleanups = (() => Promise<unknown>)[];

async function start(options: OwnClusterOptions, dir: string, cleanups: Cleanups, stop: () => Promise<void>): Promise<Target> {
  const { gateways, sessions = 1, redisNodes = 1, hasBalancer, onProgress } = options;
  onProgress?.("starting Redis and Postgres");
  const stores = await startStores({ dir, sessions, redisNodes, onStarted: (end) => cleanups.push(end) });
  const jwtSecret = randomBytes(32).toString("hex");
  const settings = changedSettings(options);
  const plans = await planProcesses({
    size: options,
    redisUrl: stores.redis.url,
    databaseUrl: stores.databaseUrl,
    dataDir: dir,
    jwtSecret,
    settings: settingsEnv(settings),
  });
  onProgress?.(`starting ${plans.map(({ name }) => name).join(", ")}`);
  const running = await startProcesses(plans, cleanups);
  if (hasBalancer) onProgress?.("starting HAProxy");
  const haproxy = hasBalancer ? await startHaproxy(plans, options, cleanups) : undefined;
  const mover = moveSlots(options, stores);
  if (mover !== undefined) cleanups.push(() => mover.stop());
  const processes = await watchedProcesses(plans, running, stores, haproxy);
  if (options.isPinned === true) await pin(processes, process.pid);
  const roads = haproxy === undefined ? plansOf(plans, "gateway").map(roadOf) : [balancerRoad(haproxy)];
  return {
    about: {
      kind: "own",
      url: roads.map(({ host, port }) => `ws://${host}:${port}`).join(" "),
      gateways,
      balancer: haproxy === undefined ? "none" : await haproxyVersion(options.haproxyPath),
    },
    roads,
    apiUrl: haproxy?.url ?? `http://${HOST}:${plansOf(plans, "api")[0]?.publicPort}`,
    sessions: stores.sessions,
    tokens: { kind: "secret", secret: jwtSecret, issuer: ISSUER, audience: ISSUER, firstUserId: FIRST_USER_ID },
    isLocal: true,
    redisUrl: stores.redis.url,
    databaseUrl: stores.databaseUrl,
    gateways: plansOf(plans, "gateway").map(({ name, privatePort }) => ({ name, privateUrl: `http://${HOST}:${privatePort}` })),
    processes,
    changedSettings: settings,
    versions: { redis: await redisVersion(stores.redis.url), postgres: await postgresVersion(stores.databaseUrl) },
    ...(mover === undefined ? {} : { slotMoves: () => mover.moved }),
    kill: async (name) => await kill(running, name),
    stop,
  };
}

/** At once; rejects with the first failure after all have tried. */
async function startProcesses(plans: readonly ProcessPlan[], cleanups: Cleanups): Promise<Map<string, ServiceProcess>> {
  const running = new Map<string, ServiceProcess>();
  cleanups.push(async () => await Promise.all([...running.values()].map((process) => process.stop())));
  const starting = plans.map(async ({ name, service, env }) => running.set(name, await ServiceProcess.start({ service, env })));
  for (const result of await Promise.allSettled(starting)) if (result.status === "rejected") throw result.reason;
  return running;
}

async function startHaproxy(plans: readonly ProcessPlan[], options: OwnClusterOptions, cleanups: Cleanups): Promise<LocalHaproxy> {
  const backends = plansOf(plans, "gateway").map((plan) => ({ name: plan.name, port: plan.publicPort, probePort: plan.privatePort }));
  const [gateway] = backends;
  const [api] = plansOf(plans, "api");
  if (gateway === undefined || api === undefined) throw new Error("a cluster needs a gateway and an api");
  const haproxy = await LocalHaproxy.start({
    gateway,
    api: { port: api.publicPort, probePort: api.privatePort },
    gateways: backends.length,
    maxConnections: options.sockets + 500,
    keepsLines: false,
    ...(options.haproxyPath === undefined ? {} : { path: options.haproxyPath }),
  });
  cleanups.push(() => haproxy.stop());
  for (const backend of backends) await haproxy.place(`gateways/${backend.name}`, backend);
  return haproxy;
}

async function watchedProcesses(
  plans: readonly ProcessPlan[],
  running: ReadonlyMap<string, ServiceProcess>,
  { redis, postgres }: OwnStores,
  haproxy: LocalHaproxy | undefined,
): Promise<ProcessToWatch[]> {
  const balancerPid = await haproxy?.workerPid();
  return [
    ...plans.flatMap(({ name, privatePort }) => {
      const pid = running.get(name)?.pid;
      return pid === undefined ? [] : [{ name, pid, metricsUrl: `http://${HOST}:${privatePort}/metrics` }];
    }),
    ...redisProcesses(redis),
    ...(postgres.pid === undefined ? [] : [{ name: "postgres", pid: postgres.pid }]),
    ...(balancerPid === undefined ? [] : [{ name: "haproxy", pid: balancerPid }]),
  ];
}

function moveSlots({ moveSlotsEveryMs = 0 }: OwnClusterOptions, { redis, sessions }: OwnStores): SlotMover | undefined {
  return moveSlotsEveryMs === 0 || !("nodes" in redis) ? undefined : startSlotMover(redis, sessions, moveSlotsEveryMs);
}

/** `redis`, or `redis-1` and so on. */
function redisProcesses(redis: OwnStores["redis"]): ProcessToWatch[] {
  const servers = "nodes" in redis ? redis.nodes : [redis];
  return servers.flatMap(({ pid }, n) => (pid === undefined ? [] : [{ name: servers.length === 1 ? "redis" : `redis-${n + 1}`, pid }]));
}

async function kill(running: ReadonlyMap<string, ServiceProcess>, name: string): Promise<void> {
  const process = running.get(name);
  if (process === undefined) throw new Error(`the cluster has no ${name}`);
  process.kill("SIGKILL");
  await process.ended;
}

function plansOf(plans: readonly ProcessPlan[], service: ProcessPlan["service"]): ProcessPlan[] {
  return plans.filter((plan) => plan.service === service);
}

function roadOf({ name, publicPort }: ProcessPlan): Road {
  return { host: HOST, port: publicPort, name };
}

/** Behind it nobody knows which gateway a socket is on: one name for all. */
function balancerRoad(haproxy: LocalHaproxy): Road {
  const { hostname, port } = new URL(haproxy.url);
  return { host: hostname, port: Number(port), name: "any gateway" };
}
