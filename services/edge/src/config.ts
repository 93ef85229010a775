import { Env, type EnvSource } from "@drawchat/runtime/env";
import { LOG_LEVELS, type LogLevel } from "@drawchat/runtime/log";
import { readNodeEnv } from "@drawchat/runtime/settings";

export interface Config {
  readonly host: string; // where it listens
  readonly port: number; // 0: any free port
  readonly privateHost: string; // health and metrics
  readonly privatePort: number;
  readonly gateways: readonly URL[]; // where WebSocket paths go, in turn
  readonly api: URL; // where the rest goes
  readonly logLevel: LogLevel;
}

export function loadConfig(source: EnvSource): Config {
  const env = new Env(source);
  const config = {
    host: env.text("HOST", readNodeEnv(env) === "production" ? "0.0.0.0" : "127.0.0.1"),
    port: env.int("PORT", 8000, { min: 0, max: 65_535 }),
    privateHost: env.text("PRIVATE_HOST", "127.0.0.1"),
    privatePort: env.int("PRIVATE_PORT", 0, { min: 0, max: 65_535 }),
    gateways: env.list("EDGE_GATEWAYS").map((text) => readTarget(env, "EDGE_GATEWAYS", text)),
    api: readTarget(env, "EDGE_API", env.required("EDGE_API", "the api's URL, such as http://127.0.0.1:8200")),
    logLevel: env.oneOf("LOG_LEVEL", "info", LOG_LEVELS),
  };
  if (config.gateways.length === 0) env.problem("EDGE_GATEWAYS is missing: the gateways' URLs, separated by commas");
  env.finish();
  return config;
}

function readTarget(env: Env, name: string, text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "http:" && url.port !== "") return url;
  if (text !== "") env.problem(`${name} must hold URLs such as http://127.0.0.1:8200`);
  return new URL("http://127.0.0.1:1");
}
