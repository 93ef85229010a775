/** Which processes run, with the environment of each: ports are fixed now, so that a process that dies keeps its own. */
import { freePorts } from "@drawchat/local/ports";
import type { EnvSource } from "@drawchat/runtime/env";

export type ServiceName = "api" | "gateway" | "writer" | "jobs" | "edge";

export interface PlannedProcess {
  readonly name: string; // `gateway-2`
  readonly service: ServiceName;
  readonly publicUrl: string | undefined;
  readonly privateUrl: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface FleetOptions {
  source: EnvSource;
  host: string;
  port: number;
  gateways: number;
  redisUrl: string;
  databaseUrl: string;
  dataDir: string;
  webDir: string;
  /** Undefined: tokens come from an identity provider. */
  jwtSecret: string | undefined;
}

const LOOPBACK = "127.0.0.1";
const url = (port: number) => `http://${LOOPBACK}:${port}`;

/** In the order in which they start: api, gateways, writer, jobs, edge. */
export async function planFleet(options: FleetOptions): Promise<PlannedProcess[]> {
  const { source, gateways, redisUrl, databaseUrl, dataDir, webDir, jwtSecret } = options;
  const ports = await freePorts(2 + 2 * gateways + 3);
  const next = () => ports.pop() ?? 0;
  const shared = {
    ...inherited(source),
    HOST: LOOPBACK, // only the edge is reached from outside
    PRIVATE_HOST: LOOPBACK,
    REDIS_URL: redisUrl,
    TRUSTED_PROXIES: source.TRUSTED_PROXIES ?? LOOPBACK, // the edge
    ...(jwtSecret === undefined ? {} : { JWT_SECRET: jwtSecret }),
  };
  const plan = (name: string, service: ServiceName, more: Record<string, string>, publicPort?: number): PlannedProcess => {
    const privatePort = next();
    const env = { ...shared, ...more, PRIVATE_PORT: String(privatePort), ...(publicPort ? { PORT: String(publicPort) } : {}) };
    return { name, service, env, privateUrl: url(privatePort), publicUrl: publicPort ? url(publicPort) : undefined };
  };
  const api = plan("api", "api", { DATABASE_URL: databaseUrl, WEB_DIR: webDir, DATA_DIR: dataDir }, next());
  const internal = { API_INTERNAL_URL: api.privateUrl };
  const gateway = (n: number) => plan(`gateway-${n}`, "gateway", { ...internal, GATEWAY_ID: `gateway-${n}` }, next());
  const all = Array.from({ length: gateways }, (_, i) => gateway(i + 1));
  const addresses = { EDGE_API: api.publicUrl ?? "", EDGE_GATEWAYS: all.map(({ publicUrl }) => publicUrl).join(",") };
  return [
    api,
    ...all,
    plan("writer", "writer", { DATABASE_URL: databaseUrl, ...internal }),
    plan("jobs", "jobs", { DATABASE_URL: databaseUrl, DATA_DIR: dataDir, ...internal }),
    plan("edge", "edge", { ...addresses, HOST: options.host }, options.port),
  ];
}

/** Everything of ours but what npm adds: settings of the processes need not be known here. */
function inherited(source: EnvSource): Record<string, string> {
  const kept = Object.entries(source).filter(([name]) => !/^npm_/i.test(name));
  return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
