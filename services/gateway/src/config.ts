import { randomUUID } from "node:crypto";
import { readTokenConfig, type TokenConfig } from "@drawchat/auth/config";
import { readRedisUrl } from "@drawchat/redis/redis-url";
import { Env, type EnvSource } from "@drawchat/runtime/env";
import { LOG_LEVELS, type LogLevel } from "@drawchat/runtime/log";
import {
  type ConversationSettings,
  type LiveChatSettings,
  readConversationSettings,
  readLiveChatSettings,
  readNodeEnv,
} from "@drawchat/runtime/settings";
import type { AdmissionLimits } from "./admission.ts";
import { TrustedProxies } from "./client-address.ts";

export interface GatewayConfig {
  readonly host: string;
  readonly port: number; // 0: any free port
  readonly isPortShared: boolean; // several gateways of a host on one port
  readonly privateHost: string;
  readonly privatePort: number;
  readonly redisUrl: string;
  readonly apiInternalUrl: string;
  readonly gatewayId: string;
  readonly logLevel: LogLevel;
  readonly token: TokenConfig;
  readonly liveChat: LiveChatSettings;
  readonly conversations: ConversationSettings;
  readonly allowedOrigins: readonly string[];
  readonly isAnyOriginAllowed: boolean; // development without a list
  readonly tickMs: number; // shortest time between two frames to a room's sockets
  readonly maxSocketsPerUser: number;
  readonly joinsPerUser: number; // in 10 s: above it a client is caught in a loop of reconnects
  readonly closeSpreadMs: number; // a session's end closes its sockets spread over this
  readonly trustedProxies: TrustedProxies; // whose X-Forwarded-For counts
  readonly admission: AdmissionLimits;
  readonly overload: OverloadConfig;
  readonly audienceMs: number; // how long joins and leaves gather on their way to Postgres
  readonly trailEvents: number; // kept a room and side for ledgers of load runs; 0: none
  readonly stopTimeoutMs: number;
}

/** When the steps of load-level.ts are taken. */
export interface OverloadConfig {
  readonly bounds: readonly number[]; // pressure of each step, 1 = full
  readonly holdMs: number; // so long it must last
  readonly maxBufferedBytes: number; // what sockets have not taken, all together
}

const OVERLOAD_PERCENT = [85, 92, 97];
const PORTS = { min: 0, max: 65_535 };

export function loadConfig(source: EnvSource): GatewayConfig {
  const env = new Env(source);
  const isProduction = readNodeEnv(env) === "production";
  const allowedOrigins = env.list("ALLOWED_ORIGINS");
  const config: GatewayConfig = {
    host: env.text("HOST", isProduction ? "0.0.0.0" : "127.0.0.1"),
    port: env.int("PORT", 8001, PORTS),
    isPortShared: env.bool("GATEWAY_SHARED_PORT", false),
    privateHost: env.text("PRIVATE_HOST", "127.0.0.1"),
    privatePort: env.int("PRIVATE_PORT", 0, PORTS),
    redisUrl: readRedisUrl(env),
    apiInternalUrl: env.required("API_INTERNAL_URL", "the URL of the api's private port"),
    gatewayId: env.text("GATEWAY_ID", `gateway-${randomUUID().slice(0, 8)}`),
    logLevel: env.oneOf("LOG_LEVEL", "info", LOG_LEVELS),
    token: readTokenConfig(env),
    liveChat: readLiveChatSettings(env),
    conversations: readConversationSettings(env),
    allowedOrigins,
    isAnyOriginAllowed: !isProduction && allowedOrigins.length === 0,
    tickMs: env.int("GATEWAY_TICK_MS", 10, { min: 1, max: 250 }),
    maxSocketsPerUser: env.int("GATEWAY_MAX_SOCKETS_PER_USER", 5, { min: 1, max: 1_000_000 }),
    joinsPerUser: env.int("GATEWAY_JOINS_PER_USER_PER_10_SECONDS", 30, { min: 1, max: 1_000_000 }),
    closeSpreadMs: env.int("GATEWAY_CLOSE_SPREAD_MS", 60_000, { min: 0, max: 600_000 }),
    trustedProxies: readTrustedProxies(env),
    admission: {
      handshakesPerSecond: env.int("GATEWAY_HANDSHAKES_PER_SECOND", 2_000, { min: 1, max: 1_000_000 }),
      handshakesPerAddressPerSecond: env.int("GATEWAY_HANDSHAKES_PER_ADDRESS_PER_SECOND", 200, { min: 1, max: 1_000_000 }),
      maxConnections: env.int("GATEWAY_MAX_CONNECTIONS", 100_000, { min: 1, max: 10_000_000 }),
      maxSocketsPerAddress: env.int("GATEWAY_MAX_SOCKETS_PER_ADDRESS", 0, { min: 0, max: 10_000_000 }), // 0: no limit
    },
    overload: {
      bounds: readOverloadBounds(env),
      holdMs: env.int("GATEWAY_OVERLOAD_HOLD_MS", 5_000, { min: 100, max: 600_000 }),
      maxBufferedBytes: env.int("GATEWAY_OVERLOAD_BUFFERED_MB", 256, { min: 1, max: 65_536 }) * 1_048_576,
    },
    audienceMs: env.int("GATEWAY_AUDIENCE_MS", 5_000, { min: 100, max: 60_000 }),
    trailEvents: env.int("GATEWAY_TRAIL_EVENTS", 0, { min: 0, max: 10_000_000 }),
    stopTimeoutMs: env.int("GATEWAY_STOP_TIMEOUT_MS", 30_000, { min: 1_000, max: 300_000 }),
  };
  env.finish();
  return config;
}

/** Three percentages that rise. */
function readOverloadBounds(env: Env): number[] {
  const given = env.list("GATEWAY_OVERLOAD_PERCENT");
  const percents = given.length === 0 ? OVERLOAD_PERCENT : given.map(Number);
  const isRising = percents.every((percent, i) => percent >= (percents[i - 1] ?? 1));
  if (percents.length !== OVERLOAD_PERCENT.length || !isRising || !percents.every(Number.isSafeInteger)) {
    env.problem("GATEWAY_OVERLOAD_PERCENT must be three whole numbers that rise, such as 85,92,97; above 100 is never reached");
  }
  return percents.map((percent) => percent / 100);
}

function readTrustedProxies(env: Env): TrustedProxies {
  try {
    return new TrustedProxies(env.list("TRUSTED_PROXIES"));
  } catch (error) {
    env.problem(`TRUSTED_PROXIES: ${error instanceof Error ? error.message : String(error)}`);
    return new TrustedProxies([]);
  }
}
