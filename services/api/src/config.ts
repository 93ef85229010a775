/** What the api reads from its environment; every bad variable is named at once. */

import { readTokenConfig, type TokenConfig } from "@drawchat/auth/config";
import { readUploadSettings, type UploadSettings } from "@drawchat/files/settings";
import { readRedisUrl } from "@drawchat/redis/redis-url";
import { Env, type EnvSource } from "@drawchat/runtime/env";
import { LOG_LEVELS, type LogLevel } from "@drawchat/runtime/log";
import {
  type ConversationSettings,
  type LiveChatSettings,
  type NodeEnv,
  readConversationSettings,
  readLiveChatSettings,
  readNodeEnv,
} from "@drawchat/runtime/settings";
import { type DrawConfig, readDrawConfig } from "@drawchat/schedule/draw-config";

export interface Config {
  readonly nodeEnv: NodeEnv;
  readonly logLevel: LogLevel;
  readonly host: string;
  readonly port: number; // 0: any free port
  readonly privateHost: string; // never an address that is reachable from outside
  readonly privatePort: number; // 0: any free port
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly databaseConnections: number; // for public calls; private ones have half as many of their own
  readonly token: TokenConfig;
  readonly allowedOrigins: readonly string[]; // beside the page's own
  readonly webDir: string | undefined; // the built page
  readonly isDocsPageOn: boolean; // `/docs`
  readonly writesPerMinute: number; // per user; 0: no limit
  readonly uploads: UploadSettings;
  readonly uploadsPerMinute: number; // per user; 0: no limit
  readonly uploadBytesPerDay: number; // per user; 0: no limit
  readonly settings: LiveChatSettings;
  readonly conversations: ConversationSettings;
  readonly draw: DrawConfig;
}

export function loadConfig(source: EnvSource): Config {
  const env = new Env(source);
  const nodeEnv = readNodeEnv(env);
  const config: Config = {
    nodeEnv,
    logLevel: env.oneOf<LogLevel>("LOG_LEVEL", "info", LOG_LEVELS),
    host: env.text("HOST", "0.0.0.0"),
    port: env.int("PORT", 8_002, { min: 0, max: 65_535 }),
    privateHost: env.text("PRIVATE_HOST", "127.0.0.1"),
    privatePort: env.int("PRIVATE_PORT", 9_002, { min: 0, max: 65_535 }),
    redisUrl: readRedisUrl(env),
    databaseUrl: env.required("DATABASE_URL", "a postgres:// URL"),
    databaseConnections: env.int("DATABASE_CONNECTIONS", 8, { min: 2, max: 100 }),
    token: readTokenConfig(env),
    allowedOrigins: env.list("ALLOWED_ORIGINS"),
    webDir: env.optional("WEB_DIR"),
    isDocsPageOn: env.bool("API_DOCS", nodeEnv === "development"),
    writesPerMinute: env.int("REST_WRITES_PER_MINUTE", 600, { min: 0, max: 1_000_000 }),
    uploads: readUploadSettings(env),
    uploadsPerMinute: env.int("UPLOADS_PER_USER_PER_MINUTE", 5, { min: 0, max: 10_000 }),
    uploadBytesPerDay: env.int("UPLOADS_MB_PER_USER_PER_DAY", 200, { min: 0, max: 1_000_000 }) * 1_000_000,
    settings: readLiveChatSettings(env),
    conversations: readConversationSettings(env),
    draw: readDrawConfig(env),
  };
  env.finish();
  return config;
}
