/** The gateway of drawchat itself. It asks no api: its room is in Redis before anybody comes. */
import { ServiceProcess } from "@drawchat/local/process";
import { sleep } from "@drawchat/runtime/backoff";
import type { RunningServer } from "../child-server.ts";
import { pin, SERVER_CORE } from "../machine.ts";

/** What a gateway of a benchmark has set otherwise than in production, and why. */
export const CHANGED_SETTINGS = [
  { name: "GATEWAY_HANDSHAKES_PER_SECOND", value: "20000", why: "all sockets come at once" },
  { name: "GATEWAY_HANDSHAKES_PER_ADDRESS_PER_SECOND", value: "20000", why: "they come from a few addresses" },
  { name: "LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE", value: "0", why: "eight users say everything; in the publisher's calls of accept" },
] as const;

const LOOK_MS = 250;
const MAX_LOOKS = 120;

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
  const { public: port = 0, private: privatePort = 0 } = process.ports;
  return { pid: process.pid, port, calm: () => calm(`http://127.0.0.1:${privatePort}/metrics`), stop: () => process.stop() };
}

/** Its steps of overload are taken back one every five seconds. */
async function calm(metricsUrl: string): Promise<void> {
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const text = await (await fetch(metricsUrl)).text();
    if (/^drawchat_gateway_load_level(\{.*\})? 0$/m.test(text)) return;
    await sleep(LOOK_MS);
  }
  throw new Error("the gateway still is overloaded 30 s after the last message");
}
