import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { readTokenConfig } from "@drawchat/auth/config";
import { checkRedisUrl } from "@drawchat/redis/redis-url";
import { Env, type EnvSource } from "@drawchat/runtime/env";
import { LOG_LEVELS, type LogLevel } from "@drawchat/runtime/log";
import { readConversationSettings, readLiveChatSettings, readNodeEnv } from "@drawchat/runtime/settings";
import { readDrawConfig } from "@drawchat/schedule/draw-config";

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

/**
 * What several processes read is checked here, so that all that is wrong with it is named before anything starts; what
 * one of them reads alone is checked by it.
 */
export function loadConfig(source: EnvSource): Config {
  const env = new Env(withKey(source));
  const isProduction = readNodeEnv(env) === "production";
  const liveChat = readLiveChatSettings(env);
  const draw = readDrawConfig(env);
  readTokenConfig(env);
  readConversationSettings(env);
  const databaseUrl = readUrl(env, "DATABASE_URL", ["postgres:", "postgresql:"]);
  const config = {
    host: env.text("HOST", isProduction ? "0.0.0.0" : "127.0.0.1"),
    port: env.int("PORT", 8000, { min: 1, max: 65_535 }),
    gateways: env.int("GATEWAYS", 2, { min: 1, max: 64 }),
    dataDir: resolve(env.text("DATA_DIR", ".data")),
    logDir: resolve(env.text("LOG_DIR", "logs")),
    redisUrl: env.optional("REDIS_URL"),
    databaseUrl,
    jwtSecret: new Env(source).optional("JWT_SECRET"),
    hasJwks: env.optional("JWT_JWKS_URL") !== undefined,
    // Never into somebody's production database.
    opensDemoDraw: liveChat.enabled && draw.daily === undefined && !(isProduction && databaseUrl !== undefined),
    drawTimeZone: draw.timeZone,
    logLevel: env.oneOf("LOG_LEVEL", "info", LOG_LEVELS),
  };
  if (config.redisUrl !== undefined) checkRedisUrl(env, config.redisUrl);
  env.finish();
  return config;
}

/** Without a key `npm start` takes one of its own: here any that is good stands for it. */
function withKey(source: EnvSource): EnvSource {
  const env = new Env(source);
  const hasKey = env.optional("JWT_SECRET") !== undefined || env.optional("JWT_JWKS_URL") !== undefined;
  return hasKey ? source : { ...source, JWT_SECRET: randomBytes(32).toString("hex") };
}

function readUrl(env: Env, name: string, protocols: readonly string[]): string | undefined {
  const text = env.optional(name);
  if (text !== undefined && !protocols.includes(URL.parse(text)?.protocol ?? "")) env.problem(`${name} must be a ${protocols[0]}// URL`);
  return text;
}
