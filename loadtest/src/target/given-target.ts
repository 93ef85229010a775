/** A chat that runs already: its URL, and whatever else of it the run may look at. */
import type { TokenSource } from "../generator/tokens.ts";
import { postgresVersion, redisVersion } from "./server-versions.ts";
import type { Target } from "./target.ts";

export interface GivenTargetOptions {
  /** `ws://host:port` or `http://host:port`; its path is not looked at. */
  url: URL;
  /** Live ones, a room each; none: the one that `GET /live-chat/status` names as current. */
  sessions: readonly number[];
  tokens: TokenSource;
  /** A token for the api, to ask for the current session. */
  token: string;
  redisUrl?: string | undefined;
  databaseUrl?: string | undefined;
  /** Private addresses of processes, `gateway-1=http://127.0.0.1:9001`: for curves, and for the gateways' trails. */
  metrics: readonly { readonly name: string; readonly privateUrl: string }[];
}

export async function openGivenTarget(options: GivenTargetOptions): Promise<Target> {
  const { url, tokens, redisUrl, databaseUrl, metrics } = options;
  const port = Number(url.port || 80);
  const apiUrl = `http://${url.hostname}:${port}`;
  const status = await ask(`${apiUrl}/live-chat/status`, options.token);
  const sessions = options.sessions.length > 0 ? options.sessions : [await currentSession(status)];
  const gateways = metrics.filter(({ name }) => name.startsWith("gateway"));
  return {
    about: { kind: "url", url: `ws://${url.hostname}:${port}`, gateways: gateways.length, balancer: "unknown" },
    roads: [{ host: url.hostname, port, name: "any gateway" }],
    apiUrl,
    sessions,
    tokens,
    isLocal: isLoopback(url.hostname),
    redisUrl,
    databaseUrl,
    gateways,
    processes: metrics.map(({ name, privateUrl }) => ({ name, metricsUrl: new URL("/metrics", privateUrl).href })),
    changedSettings: [],
    versions: {
      redis: redisUrl === undefined ? "" : await redisVersion(redisUrl),
      postgres: databaseUrl === undefined ? "" : await postgresVersion(databaseUrl),
    },
    stop: async () => undefined,
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.startsWith("127.");
}

/** Whatever the answer: who gets none hears of it before a crowd has come for nothing. */
async function ask(url: string, token: string): Promise<Response> {
  return await fetch(url, { headers: { Authorization: `Bearer ${token}` } }).catch((cause: unknown) => {
    throw new Error(`${url} does not answer`, { cause });
  });
}

async function currentSession(response: Response): Promise<number> {
  const status: unknown = response.ok ? await response.json() : undefined;
  if (typeof status === "object" && status !== null && "session_id" in status && typeof status.session_id === "number")
    return status.session_id;
  throw new Error(`${response.url} names no session (status ${response.status}): give one with --session`);
}
