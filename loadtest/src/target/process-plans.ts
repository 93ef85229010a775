/** Which processes a cluster of a run's own has, with the environment of each. */
import { freePort } from "@drawchat/local/ports";

export type ServiceName = "api" | "gateway" | "writer";

export interface ProcessPlan {
  readonly name: string; // `gateway-2`
  readonly service: ServiceName;
  readonly publicPort: number;
  readonly privatePort: number;
  readonly env: Readonly<Record<string, string>>;
}

export interface ClusterSize {
  gateways: number;
  writers: number;
}

export interface PlanOptions {
  size: ClusterSize;
  redisUrl: string;
  databaseUrl: string;
  dataDir: string;
  jwtSecret: string;
  /** For every process: what the run changes. */
  settings: Readonly<Record<string, string>>;
}

const HOST = "127.0.0.1";

/**
 * Each as it is named and told to be killed: known before anything is started. The api first: the others ask it. No jobs: a run
 * needs nothing of theirs, its sessions are open from the start.
 */
export function processNames({ gateways, writers }: ClusterSize): { name: string; service: ServiceName }[] {
  const counts = { api: 1, gateway: gateways, writer: writers };
  const services = ["api", "gateway", "writer"] as const;
  return services.flatMap((service) => Array.from({ length: counts[service] }, (_, i) => ({ name: `${service}-${i + 1}`, service })));
}

export async function planProcesses({ size, settings, ...stores }: PlanOptions): Promise<ProcessPlan[]> {
  const plans: ProcessPlan[] = [];
  let apiInternalUrl = "";
  for (const { name, service } of processNames(size)) {
    const [publicPort, privatePort] = [await freePort(), await freePort()];
    if (apiInternalUrl === "") apiInternalUrl = `http://${HOST}:${privatePort}`;
    const ports = { PORT: String(publicPort), PRIVATE_PORT: String(privatePort) };
    const env = { ...commonEnv(stores), ...ports, API_INTERNAL_URL: apiInternalUrl, GATEWAY_ID: name, ...settings };
    plans.push({ name, service, publicPort, privatePort, env });
  }
  return plans;
}

/** As in production, on one host: NODE_ENV changes checks and defaults, and a run is to see those that count. */
function commonEnv({ redisUrl, databaseUrl, dataDir, jwtSecret }: Omit<PlanOptions, "size" | "settings">): Record<string, string> {
  return {
    NODE_ENV: "production",
    LOG_LEVEL: "info",
    TZ: "UTC",
    HOST,
    PRIVATE_HOST: HOST,
    TRUSTED_PROXIES: HOST, // the balancer; sockets themselves come from other loopback addresses
    JWT_SECRET: jwtSecret,
    REDIS_URL: redisUrl,
    DATABASE_URL: databaseUrl,
    DATA_DIR: dataDir,
    WEB_DIR: dataDir,
  };
}
