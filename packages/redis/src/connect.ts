/**
 * Connections to Redis. ioredis by default re-sends commands that were in flight when a connection broke, which runs
 * an INCR twice, and queues without bound while Redis is away. Here a command either answers, fails at once, or times
 * out; a time-out means *unknown*, never *refused* (the command may still run later).
 */

import { PARTITIONS } from "@drawchat/protocol/ids";
import { ConfigError } from "@drawchat/runtime/env";
import type { Log } from "@drawchat/runtime/log";
import { Cluster, Redis } from "ioredis";
import { keys } from "./keys.ts";
import { parseRedisUrl, type RedisTarget } from "./redis-url.ts";

/** One node, or a cluster of them. What speaks to several partitions at once goes through `commands.ts`. */
export type RedisClient = Redis | Cluster;

const MIN_REDIS_MAJOR = 7;
const COMMAND_TIMEOUT_MS = 1_000;
const BLOCKING_TIMEOUT_MS = 2_000;

/**
 * Of a cluster, a command that was not executed (MOVED, ASK, TRYAGAIN, CLUSTERDOWN) is sent again so often. Over well before
 * the command's time-out: what was surely not executed must not end as unknown.
 */
const MAX_REDIRECTIONS = 4;
const REDIRECTION_DELAY_MS = 50;

/** Jitter, so that a cluster of processes does not come back in step. */
export function reconnectDelayMs(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 6), 2_000) * (0.5 + Math.random() / 2);
}

export interface ConnectionOptions {
  connectionName: string;
  lazyConnect: boolean;
  connectTimeout: number;
  autoResendUnfulfilledCommands: boolean;
  maxRetriesPerRequest: number;
  commandTimeout?: number;
  username?: string;
  password?: string;
  tls?: object;
}

/** As every connection of ours has them. */
export function connectionOptions({ username, password, isTls }: RedisTarget, name: string): ConnectionOptions {
  return {
    connectionName: `drawchat-${name}`,
    lazyConnect: true,
    connectTimeout: 2_000,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 1,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isTls ? { tls: {} } : {}),
  };
}

/** For scripts and plain commands. Fails at once while Redis is away. */
export function commandClient(url: string, name: string, log: Log): RedisClient {
  return client(url, name, COMMAND_TIMEOUT_MS, log);
}

/**
 * For blocking reads of at most 1 s, and nothing else: a command behind one waits for it. One that was under way when
 * the connection broke fails by its time-out alone, so this is how long a reader sleeps through a restart of Redis.
 */
export function blockingClient(url: string, name: string, log: Log): RedisClient {
  return client(url, `${name}-block`, BLOCKING_TIMEOUT_MS, log);
}

function client(url: string, name: string, commandTimeout: number, log: Log): RedisClient {
  const target = parseRedisUrl(url);
  const options = { ...connectionOptions(target, name), commandTimeout };
  if (target.kind === "cluster") return watched(clusterClient(target.nodes, options), name, log);
  const redis = new Redis(url, {
    ...options,
    enableOfflineQueue: false,
    retryStrategy: reconnectDelayMs,
    reconnectOnError: (error) => /^(READONLY|LOADING|MASTERDOWN)/.test(error.message),
  });
  return watched(redis, name, log);
}

function clusterClient(nodes: { host: string; port: number }[], options: ConnectionOptions): Cluster {
  return new WarmCluster(nodes, {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelayMs,
    maxRedirections: MAX_REDIRECTIONS,
    retryDelayOnTryAgain: REDIRECTION_DELAY_MS,
    retryDelayOnClusterDown: REDIRECTION_DELAY_MS,
    // A command whose connection broke may have been executed: never again by itself.
    retryDelayOnFailover: 0,
    redisOptions: options,
  });
}

/** Connects to every node at once: a node's first command would wait for the connection, and those beside it fail. */
class WarmCluster extends Cluster {
  override async connect(): Promise<void> {
    await super.connect();
    await Promise.all(this.nodes("master").map((node) => node.ping()));
  }
}

/** Says when a connection is lost and when it is back, once each. */
export function watched<R extends Pick<Redis, "emit"> & NodeJS.EventEmitter>(redis: R, name: string, log: Log): R {
  let down = false;
  redis.on("error", (error: Error) => {
    if (!down) log.warn({ component: "process", connection: name, err: { message: reasonOf(error) } }, "redis connection lost, retrying");
    down = true;
  });
  redis.on("ready", () => {
    if (down) log.info({ component: "process", connection: name }, "redis connection is back");
    down = false;
  });
  return redis;
}

/** Why a connection failed; of a cluster, what its last node said. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = "lastNodeError" in error && error.lastNodeError instanceof Error ? error.lastNodeError : error;
  return cause.message || ("code" in cause ? String(cause.code) : cause.name);
}

/** True while commands can be sent; of a cluster, to some of its nodes at least. */
export function isReady(redis: RedisClient): boolean {
  return redis.status === "ready";
}

/** Calls back at each connection that comes from now on; of a cluster, to any of its nodes. */
export function onConnected(redis: RedisClient, listener: () => void): void {
  if (redis instanceof Cluster) redis.on("+node", (node: Redis) => node.on("ready", listener));
  else redis.on("ready", listener);
}

/** True where a command was surely not executed: a slot on its way to another node, or without one. */
export function isNotExecuted(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(?:Too many Cluster redirections\. Last error: (?:\w*Error: )?)?(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /.test(`${error.message} `)
  );
}

/** Refuses a Redis that could lose what was accepted: eviction on, append-only file off, or too old. */
export async function assertRedisSettings(redis: RedisClient): Promise<void> {
  const isCluster = redis instanceof Cluster;
  const nodes = isCluster ? redis.nodes("master") : [redis];
  const problems = (await Promise.all(nodes.map((node) => nodeProblems(node, isCluster)))).flat();
  // One that is not as it must be may not even take the command.
  if (problems.length === 0) problems.push(...(await partitionProblems(redis)));
  if (problems.length > 0) throw new ConfigError(problems);
}

/** What to change of one node. */
async function nodeProblems(node: Redis, isCluster: boolean): Promise<string[]> {
  const [server, persistence, memory, cluster] = await Promise.all([
    node.info("server"),
    node.info("persistence"),
    node.info("memory"),
    node.info("cluster"),
  ]);
  const name = isCluster ? `Redis at ${node.options.host}:${node.options.port}` : "Redis";
  const problems: string[] = [];
  const version = /redis_version:(\d+)/.exec(server)?.[1];
  if (Number(version ?? 0) < MIN_REDIS_MAJOR)
    problems.push(`${name} is version ${version ?? "unknown"}: run Redis ${MIN_REDIS_MAJOR} or newer`);
  if (!/aof_enabled:1/.test(persistence))
    problems.push(`${name} has no append-only file: set \`appendonly yes\` (CONFIG SET appendonly yes)`);
  if (!/maxmemory_policy:noeviction/.test(memory)) {
    problems.push(`${name} may evict keys: set \`maxmemory-policy noeviction\` (CONFIG SET maxmemory-policy noeviction)`);
  }
  if (!isCluster && /cluster_enabled:1/.test(cluster)) {
    problems.push("Redis is a node of a cluster: name it as one in REDIS_URL (redis-cluster://host:port,host:port)");
  }
  return problems;
}

/** The number of partitions is in every id: the first process to come writes it down, every later one must agree. */
async function partitionProblems(redis: RedisClient): Promise<string[]> {
  await redis.setnx(keys.partitions, PARTITIONS);
  const stored = Number(await redis.get(keys.partitions));
  return stored === PARTITIONS
    ? []
    : [`Redis holds a deployment of ${stored} partitions, this version has ${PARTITIONS}: use another Redis`];
}
