import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { FollowUps } from "@drawchat/db/batch-follow-ups";
import { readRedisUrl } from "@drawchat/redis/redis-url";
import { Env, type EnvSource } from "@drawchat/runtime/env";
import { LOG_LEVELS, type LogLevel } from "@drawchat/runtime/log";
import { readConversationSettings } from "@drawchat/runtime/settings";

export interface Config {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly apiInternalUrl: string; // the api's private port
  readonly privateHost: string;
  readonly privatePort: number; // 0: any free port
  readonly logLevel: LogLevel;
  readonly batchMaxRows: number; // rows a transaction; more means fewer, slower transactions
  readonly batchWaitMs: number; // how long a batch may gather
  readonly concurrentBatches: number; // of different partitions; one connection each
  readonly followUps: FollowUps; // what stored messages set off
  readonly writerId: string; // owner of this writer's leases
}

/** Throws one ConfigError that names everything that is wrong. */
export function loadConfig(source: EnvSource): Config {
  const env = new Env(source);
  const { bot, tellsWebhook } = readConversationSettings(env);
  const config = {
    redisUrl: readRedisUrl(env),
    databaseUrl: env.required("DATABASE_URL", "a postgres:// URL"),
    apiInternalUrl: env.required("API_INTERNAL_URL", "the http:// URL of the api's private port"),
    privateHost: env.text("PRIVATE_HOST", "127.0.0.1"),
    privatePort: env.int("PRIVATE_PORT", 0, { min: 0, max: 65_535 }),
    logLevel: env.oneOf("LOG_LEVEL", "info", LOG_LEVELS),
    batchMaxRows: env.int("WRITER_BATCH_MAX_ROWS", 500, { min: 1, max: 500 }),
    batchWaitMs: env.int("WRITER_BATCH_WAIT_MS", 50, { min: 0, max: 1_000 }),
    concurrentBatches: env.int("WRITER_CONCURRENT_BATCHES", 4, { min: 1, max: 16 }),
    followUps: { hasBot: bot !== undefined, tellsWebhook },
    writerId: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
  };
  const urls = { DATABASE_URL: config.databaseUrl, API_INTERNAL_URL: config.apiInternalUrl };
  for (const [name, url] of Object.entries(urls)) {
    if (url !== "" && !URL.canParse(url)) env.problem(`${name} is not a URL`);
  }
  env.finish();
  return config;
}
