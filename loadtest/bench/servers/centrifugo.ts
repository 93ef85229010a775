/** Centrifugo, where its program is found: a node to be measured, or one that takes what is published. */
import { freePort } from "@drawchat/local/ports";
import { type RunningServer, startChild } from "../child-server.ts";

/** Nodes differ only in their port; any channel lets everybody in. */
export async function startCentrifugo(binary: string, redisUrl: string): Promise<RunningServer> {
  const port = await freePort();
  return await startChild({
    command: binary,
    args: [],
    env: {
      GOMAXPROCS: "1", // it would take the number of cores for its own, and it has one
      CENTRIFUGO_HTTP_SERVER_ADDRESS: "127.0.0.1",
      CENTRIFUGO_HTTP_SERVER_PORT: String(port),
      CENTRIFUGO_ENGINE_TYPE: "redis",
      CENTRIFUGO_ENGINE_REDIS_ADDRESS: redisUrl,
      CENTRIFUGO_HTTP_API_INSECURE: "true",
      CENTRIFUGO_CLIENT_ALLOW_ANONYMOUS_CONNECT_WITHOUT_TOKEN: "true",
      CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_ALLOW_SUBSCRIBE_FOR_CLIENT: "true",
      CENTRIFUGO_CHANNEL_WITHOUT_NAMESPACE_ALLOW_SUBSCRIBE_FOR_ANONYMOUS: "true",
    },
    portOf: (line) => (line.includes("serving") ? port : undefined),
  });
}
