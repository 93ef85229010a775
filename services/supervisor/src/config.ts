import { resolve } from "node:path";
import { Env, type EnvSource } from "@drawchat/runtime/env";
import { LOG_LEVELS, type LogLevel } from "@drawchat/runtime/log";
import { readLiveChatSettings, readNodeEnv } from "@drawchat/runtime/settings";

export interface Config {
  readonly host: string; // where the edge listens
  readonly port: number;
  readonly gateways: number;
  readonly dataDir: string; // Postgres, Redis, the secret, the built page, endpoints.json
  readonly logDir: string;
  readonly redisUrl: string | undefined; // default: a Redis of our own
  readonly databaseUrl: string | undefined; // default: a Postgres of our own
  readonly jwtSecret: string | undefined; // default: one that is made once and kept in dataDir
  readonly hasJwks: boolean; // an identity provider signs the tokens
  readonly opensDemoDraw: boolean;
  readonly drawTimeZone: string;
  readonly logLevel: LogLevel;
}

/** What is read by the processes alone is checked by them; LIVE_CHAT_* is checked here, before anything starts. */
export function loadConfig(source: EnvSource): Config {
  const env = new Env(source);
  const isProduction = readNodeEnv(env) === "production";
  const liveChat = readLiveChatSettings(env);
  const databaseUrl = env.optional("DATABASE_URL");
  const hasDailyDraw = env.optional("DRAW_TIME_HOUR") !== undefined || env.optional("DRAW_TIME_MINUTE") !== undefined;
  const config = {
    host: env.text("HOST", isProduction ? "0.0.0.0" : "127.0.0.1"),
    port: env.int("PORT", 8000, { min: 1, max: 65_535 }),
    gateways: env.int("GATEWAYS", 2, { min: 1, max: 64 }),
    dataDir: resolve(env.text("DATA_DIR", ".data")),
    logDir: resolve(env.text("LOG_DIR", "logs")),
    redisUrl: env.optional("REDIS_URL"),
    databaseUrl,
    jwtSecret: env.optional("JWT_SECRET"),
    hasJwks: env.optional("JWT_JWKS_URL") !== undefined,
    // Never into somebody's production database.
    opensDemoDraw: liveChat.enabled && !hasDailyDraw && !(isProduction && databaseUrl !== undefined),
    drawTimeZone: readTimeZone(env),
    logLevel: env.oneOf("LOG_LEVEL", "info", LOG_LEVELS),
  };
  env.finish();
  return config;
}

function readTimeZone(env: Env): string {
  const host = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const name = env.text("DRAW_TIMEZONE", host);
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    env.problem("DRAW_TIMEZONE must be an IANA name such as Europe/Berlin");
    return host;
  }
}
