/** The gateway of drawchat itself. It asks no api: its room is in Redis before anybody comes. */
import { ServiceProcess } from "@drawchat/local/process";
import type { RunningServer } from "../child-server.ts";
import { pin, SERVER_CORE } from "../machine.ts";

/** What a gateway of a benchmark has set otherwise than in production, and why. */
export const CHANGED_SETTINGS = [
  { name: "GATEWAY_HANDSHAKES_PER_SECOND", value: "20000", why: "all sockets come at once" },
  { name: "GATEWAY_HANDSHAKES_PER_ADDRESS_PER_SECOND", value: "20000", why: "they come from a few addresses" },
  { name: "LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE", value: "0", why: "eight users say everything; in the publisher's calls of accept" },
] as const;

export interface GatewayOptions {
  redisUrl: string;
  secret: string;
  id: string;
  /** More settings, such as `{ GATEWAY_TICK_MS: "250" }`. */
  env?: Readonly<Record<string, string>>;
}

export async function startGateway({ redisUrl, secret, id, env = {} }: GatewayOptions): Promise<RunningServer> {
  const process = await ServiceProcess.start({
    service: "gateway",
    env: {
      NODE_ENV: "production",
      HOST: "127.0.0.1",
      PORT: "0",
      REDIS_URL: redisUrl,
      API_INTERNAL_URL: "http://127.0.0.1:9",
      JWT_SECRET: secret,
      GATEWAY_ID: id,
      ...Object.fromEntries(CHANGED_SETTINGS.map(({ name, value }) => [name, value])),
      ...env,
    },
    stopTimeoutMs: 5_000,
  });
  await pin(process.pid, SERVER_CORE);
  return { pid: process.pid, port: process.ports.public ?? 0, stop: () => process.stop() };
}
