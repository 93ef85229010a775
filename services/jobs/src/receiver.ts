/** Where signed POSTs go, as the settings have it. */
import { BlockList, isIP } from "node:net";
import type { Env } from "@drawchat/runtime/env";
import type { Receiver } from "./signed-post.ts";

const SECRET_MIN_BYTES = 32;

export interface ReceiverSettings {
  /** Of the variables, without `_URL` and `_SECRET`. */
  name: string;
  url: string | undefined;
  secret: string | undefined;
  isProduction: boolean;
}

/**
 * Undefined where neither is set; one without the other is a problem. In production http:// is for receivers that are
 * near alone: what is sent is signed, but anybody on the way could read it.
 */
export function readReceiver(env: Env, { name, url, secret, isProduction }: ReceiverSettings): Receiver | undefined {
  if (url === undefined && secret === undefined) return undefined;
  if (url === undefined || secret === undefined) {
    env.problem(`${name}_URL and ${name}_SECRET go together: one of them is missing`);
    return undefined;
  }
  if (Buffer.byteLength(secret) < SECRET_MIN_BYTES) env.problem(`${name}_SECRET must have at least ${SECRET_MIN_BYTES} bytes`);
  const problem = urlProblem(url, isProduction);
  if (problem !== undefined) env.problem(`${name}_URL ${problem}`);
  return { url, secret };
}

function urlProblem(text: string, isProduction: boolean): string | undefined {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol)) return "must be an https:// URL";
  if (url.username !== "" || url.password !== "") return "must not hold a password: the signature tells who sends";
  if (url.protocol === "http:" && isProduction && !isNear(url.hostname)) return "must be an https:// URL: its host is not a private one";
  return undefined;
}

const privateAddresses = new BlockList();
for (const [net, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const) {
  privateAddresses.addSubnet(net, prefix, "ipv4");
}
for (const [net, prefix] of [
  ["::1", 128],
  ["fc00::", 7],
] as const)
  privateAddresses.addSubnet(net, prefix, "ipv6");

/** This host, a private address, or a name that only a private network knows: `crm`, `crm.sales.svc`, `crm.internal`. */
function isNear(hostname: string): boolean {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(host);
  if (family > 0) return privateAddresses.check(host, family === 4 ? "ipv4" : "ipv6");
  return !host.includes(".") || /\.(localhost|local|internal|svc)$/.test(host);
}
