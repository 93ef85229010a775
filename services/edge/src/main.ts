import { createLog } from "@drawchat/runtime/log";
import { Metrics } from "@drawchat/runtime/metrics";
import { PrivateServer } from "@drawchat/runtime/private-server";
import { loadOrExit, run } from "@drawchat/runtime/run";
import { loadConfig } from "./config.ts";
import { Edge } from "./edge.ts";

const config = loadOrExit(() => loadConfig(process.env));
const metrics = new Metrics("edge");
const sockets = metrics.gauge("edge_sockets", "WebSockets that pass through");

await run({
  log: createLog("edge", config.logLevel),
  stopTimeoutMs: 5_000,
  start: async () => {
    const edge = new Edge({
      ...config,
      onSocket: () => {
        sockets.inc();
        return () => sockets.dec();
      },
    });
    const privateServer = new PrivateServer({ host: config.privateHost, port: config.privatePort, metrics, notReady: () => [] });
    const ports = { public: await edge.start(), private: await privateServer.start() };
    return {
      ports,
      stop: async () => {
        await edge.stop();
        await privateServer.stop();
      },
    };
  },
});
