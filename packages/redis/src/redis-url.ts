/**
 * The one setting that says where Redis is: `redis://` or `rediss://` (TLS) names one node, `redis-cluster://` or
 * `rediss-cluster://` some nodes of a cluster, the rest is learned from them:
 * `redis-cluster://user:password@10.0.0.1:6379,10.0.0.2:6379,redis-3`.
 */
import type { Env } from "@drawchat/runtime/env";

export interface RedisNode {
  host: string;
  port: number;
}

export type RedisTarget =
  | { kind: "node"; url: string; node: RedisNode; isTls: boolean; username: string | undefined; password: string | undefined }
  | { kind: "cluster"; nodes: RedisNode[]; isTls: boolean; username: string | undefined; password: string | undefined };

export const REDIS_URL_HINT = "a redis:// URL, or redis-cluster://host:port,host:port";
const DEFAULT_PORT = 6_379;
const CLUSTER_URL = /^(rediss?)-cluster:\/\/(?:([^@]*)@)?(.*)$/i;
const NODE = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::(\d{1,5}))?$/i;

/** Throws an Error that says what is wrong with it, without repeating it: it may hold a password. */
export function parseRedisUrl(text: string): RedisTarget {
  const [, scheme, credentials, rest = ""] = CLUSTER_URL.exec(text) ?? [];
  if (scheme === undefined) return parseNodeUrl(text);
  const isTls = scheme.toLowerCase() === "rediss";
  const nodes = rest.replace(/\/$/, "").split(",").map(parseNode);
  return { kind: "cluster", nodes, isTls, ...parseCredentials(credentials) };
}

/** REDIS_URL, checked; a problem of `env` where it is missing or wrong. */
export function readRedisUrl(env: Env): string {
  const text = env.required("REDIS_URL", REDIS_URL_HINT);
  if (text !== "") checkRedisUrl(env, text);
  return text;
}

/** Adds a problem where REDIS_URL is wrong. */
export function checkRedisUrl(env: Env, text: string): void {
  try {
    parseRedisUrl(text);
  } catch (error) {
    env.problem(`REDIS_URL ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Hosts and ports alone, for messages: never the password. */
export function redisAddress(text: string): string {
  const target = parseRedisUrl(text);
  return (target.kind === "node" ? [target.node] : target.nodes).map(({ host, port }) => `${host}:${port}`).join(",");
}

function parseNodeUrl(url: string): RedisTarget {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== "redis:" && parsed?.protocol !== "rediss:") throw new Error(`must be ${REDIS_URL_HINT}`);
  if (parsed.hostname === "") throw new Error("names no host");
  return {
    kind: "node",
    url,
    node: { host: unbracketed(parsed.hostname), port: parsed.port === "" ? DEFAULT_PORT : Number(parsed.port) },
    isTls: parsed.protocol === "rediss:",
    username: decoded(parsed.username),
    password: decoded(parsed.password),
  };
}

function parseNode(text: string): RedisNode {
  const [, host, digits] = NODE.exec(text.trim()) ?? [];
  const port = digits === undefined ? DEFAULT_PORT : Number(digits);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new Error("must list a cluster's nodes as host:port,host:port, and nothing behind them (a cluster has one database)");
  }
  return { host: unbracketed(host), port };
}

function parseCredentials(text: string | undefined): Pick<RedisTarget, "username" | "password"> {
  if (text === undefined) return { username: undefined, password: undefined };
  const colon = text.indexOf(":");
  if (colon === -1) throw new Error("must have a password as user:password@ or :password@");
  return { username: decoded(text.slice(0, colon)), password: decoded(text.slice(colon + 1)) };
}

function decoded(text: string): string | undefined {
  if (text === "") return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error("has a user or password that is not percent-encoded");
  }
}

function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, "");
}
