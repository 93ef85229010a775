/** What the jobs process reads from its environment; every bad variable is named at once. */
import { Env, type EnvSource } from "@drawchat/runtime/env";
import { LOG_LEVELS, type LogLevel } from "@drawchat/runtime/log";
import { type LiveChatSettings, readLiveChatSettings } from "@drawchat/runtime/settings";
import { type DrawConfig, readDrawConfig } from "@drawchat/schedule/draw-config";

export interface Config {
  readonly logLevel: LogLevel;
  readonly privateHost: string; // never an address that is reachable from outside
  readonly privatePort: number; // 0: any free port
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly concurrency: number; // jobs at once
  readonly settings: LiveChatSettings;
  readonly draw: DrawConfig;
}

export function loadConfig(source: EnvSource): Config {
  const env = new Env(source);
  const config: Config = {
    logLevel: env.oneOf<LogLevel>("LOG_LEVEL", "info", LOG_LEVELS),
    privateHost: env.text("PRIVATE_HOST", "127.0.0.1"),
    privatePort: env.int("PRIVATE_PORT", 9_004, { min: 0, max: 65_535 }),
    redisUrl: env.required("REDIS_URL", "a redis:// URL"),
    databaseUrl: env.required("DATABASE_URL", "a postgres:// URL"),
    concurrency: env.int("JOBS_CONCURRENCY", 4, { min: 1, max: 50 }),
    settings: readLiveChatSettings(env),
    draw: readDrawConfig(env),
  };
  env.finish();
  return config;
}
