/** What the jobs process reads from its environment; every bad variable is named at once. */

import { readUploadSettings, type UploadSettings } from "@drawchat/files/settings";
import { readRedisUrl } from "@drawchat/redis/redis-url";
import { Env, type EnvSource } from "@drawchat/runtime/env";
import { LOG_LEVELS, type LogLevel } from "@drawchat/runtime/log";
import { type LiveChatSettings, readConversationSettings, readLiveChatSettings, readNodeEnv } from "@drawchat/runtime/settings";
import { type DrawConfig, readDrawConfig } from "@drawchat/schedule/draw-config";
import { type BotBrain, readBotBrain } from "./bot-brain.ts";
import { readReceiver } from "./receiver.ts";
import type { Receiver } from "./signed-post.ts";

export interface Config {
  readonly logLevel: LogLevel;
  readonly privateHost: string; // never an address that is reachable from outside
  readonly privatePort: number; // 0: any free port
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly apiInternalUrl: string; // the api's private port
  readonly concurrency: number; // jobs at once, of each group
  readonly uploads: UploadSettings;
  readonly settings: LiveChatSettings;
  readonly draw: DrawConfig;
  readonly bot: { readonly userId: number; readonly name: string; readonly brain: BotBrain } | undefined;
  readonly webhook: Receiver | undefined; // told what happens in conversations
}

export function loadConfig(source: EnvSource): Config {
  const env = new Env(source);
  const config: Config = {
    logLevel: env.oneOf<LogLevel>("LOG_LEVEL", "info", LOG_LEVELS),
    privateHost: env.text("PRIVATE_HOST", "127.0.0.1"),
    privatePort: env.int("PRIVATE_PORT", 9_004, { min: 0, max: 65_535 }),
    redisUrl: readRedisUrl(env),
    databaseUrl: env.required("DATABASE_URL", "a postgres:// URL"),
    apiInternalUrl: readApiUrl(env),
    concurrency: env.int("JOBS_CONCURRENCY", 4, { min: 1, max: 50 }),
    uploads: readUploadSettings(env),
    settings: readLiveChatSettings(env),
    draw: readDrawConfig(env),
    bot: readBot(env),
    webhook: readReceiver(env, {
      name: "CONVERSATIONS_WEBHOOK",
      url: env.optional("CONVERSATIONS_WEBHOOK_URL"),
      secret: env.optional("CONVERSATIONS_WEBHOOK_SECRET"),
      isProduction: readNodeEnv(env) === "production",
    }),
  };
  env.finish();
  return config;
}

function readApiUrl(env: Env): string {
  const url = env.required("API_INTERNAL_URL", "the http:// URL of the api's private port");
  if (url !== "" && !URL.canParse(url)) env.problem("API_INTERNAL_URL is not a URL");
  return url;
}

function readBot(env: Env): Config["bot"] {
  const { bot } = readConversationSettings(env);
  const receiver = readReceiver(env, {
    name: "CONVERSATIONS_BOT_WEBHOOK",
    url: env.optional("CONVERSATIONS_BOT_WEBHOOK_URL"),
    secret: env.optional("CONVERSATIONS_BOT_WEBHOOK_SECRET"),
    isProduction: readNodeEnv(env) === "production",
  });
  const brain = readBotBrain(env, { hasBot: bot !== undefined, rulesPath: env.optional("CONVERSATIONS_BOT_RULES"), receiver });
  return bot && brain && { ...bot, brain };
}
