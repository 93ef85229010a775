/**
 * Connections to Redis. ioredis by default re-sends commands that were in flight when a connection broke, which runs
 * an INCR twice, and queues without bound while Redis is away. Here a command either answers, fails at once, or times
 * out; a time-out means *unknown*, never *refused* (the command may still run later).
 */

import { PARTITIONS } from "@drawchat/protocol/ids";
import { ConfigError } from "@drawchat/runtime/env";
import type { Log } from "@drawchat/runtime/log";
import { Redis, type RedisOptions } from "ioredis";
import { keys } from "./keys.ts";

export type RedisClient = Redis;

const MIN_REDIS_MAJOR = 7;
const COMMAND_TIMEOUT_MS = 1_000;
const BLOCKING_TIMEOUT_MS = 2_000;

function commonOptions(name: string): Omit<RedisOptions, "replyMapping"> {
  return {
    connectionName: `drawchat-${name}`,
    lazyConnect: true,
    connectTimeout: 2_000,
    // Jitter, so that a cluster of processes does not come back in step.
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000) * (0.5 + Math.random() / 2),
    reconnectOnError: (error) => /^(READONLY|LOADING|MASTERDOWN)/.test(error.message),
  };
}

/** For scripts and plain commands. Fails at once while Redis is away. */
export function commandClient(url: string, name: string, log: Log): RedisClient {
  return watched(
    new Redis(url, {
      ...commonOptions(name),
      commandTimeout: COMMAND_TIMEOUT_MS,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
    }),
    name,
    log,
  );
}

/** For subscriptions only: subscribes again by itself after a reconnect; what was published meanwhile is a hole. */
export function subscriberClient(url: string, name: string, log: Log): RedisClient {
  return watched(
    new Redis(url, { ...commonOptions(`${name}-sub`), maxRetriesPerRequest: null, autoResubscribe: true }),
    `${name}-sub`,
    log,
  );
}

/**
 * For blocking reads of at most 1 s, and nothing else: a command behind one waits for it. One that was under way when
 * the connection broke fails by its time-out alone, so this is how long a reader sleeps through a restart of Redis.
 */
export function blockingClient(url: string, name: string, log: Log): RedisClient {
  return watched(
    new Redis(url, {
      ...commonOptions(`${name}-block`),
      commandTimeout: BLOCKING_TIMEOUT_MS,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
    }),
    `${name}-block`,
    log,
  );
}

function watched(redis: RedisClient, name: string, log: Log): RedisClient {
  let down = false;
  redis.on("error", (error: Error) => {
    if (!down) log.warn({ component: "process", connection: name, err: { message: error.message } }, "redis connection lost, retrying");
    down = true;
  });
  redis.on("ready", () => {
    if (down) log.info({ component: "process", connection: name }, "redis connection is back");
    down = false;
  });
  return redis;
}

/** True while commands can be sent. */
export function isReady(redis: RedisClient): boolean {
  return redis.status === "ready";
}

/**
 * Refuses a Redis that could lose what was accepted: eviction on, append-only file off, or too old.
 * Throws a ConfigError that says what to change.
 */
export async function assertRedisSettings(redis: RedisClient): Promise<void> {
  const [server, persistence] = await Promise.all([redis.info("server"), redis.info("persistence")]);
  const memory = await redis.info("memory");
  const problems: string[] = [];
  const version = /redis_version:(\d+)/.exec(server)?.[1];
  if (Number(version ?? 0) < MIN_REDIS_MAJOR)
    problems.push(`Redis is version ${version ?? "unknown"}: run Redis ${MIN_REDIS_MAJOR} or newer`);
  if (!/aof_enabled:1/.test(persistence)) problems.push("Redis has no append-only file: set `appendonly yes` (CONFIG SET appendonly yes)");
  if (!/maxmemory_policy:noeviction/.test(memory)) {
    problems.push("Redis may evict keys: set `maxmemory-policy noeviction` (CONFIG SET maxmemory-policy noeviction)");
  }
  problems.push(...(await partitionProblems(redis)));
  if (problems.length > 0) throw new ConfigError(problems);
}

/** The number of partitions is in every id: the first process to come writes it down, every later one must agree. */
async function partitionProblems(redis: RedisClient): Promise<string[]> {
  await redis.setnx(keys.partitions, PARTITIONS);
  const stored = Number(await redis.get(keys.partitions));
  return stored === PARTITIONS
    ? []
    : [`Redis holds a deployment of ${stored} partitions, this version has ${PARTITIONS}: use another Redis`];
}
