/** Who takes part: how each is started, how its clients speak to it, and how messages come to it through Redis. */
import { sessionRoom } from "@drawchat/protocol/ids";
import { keys } from "@drawchat/redis/keys";
import type { Log } from "@drawchat/runtime/log";
import type { DialectName } from "../src/generator/dialects.ts";
import { CENTRIFUGO_CHANNEL } from "../src/generator/peer-dialects.ts";
import { type RunningServer, startServerFile } from "./child-server.ts";
import { CLIENT_CORE, pin } from "./machine.ts";
import { acceptPublisher } from "./publishers/accept.ts";
import { centrifugoPublisher } from "./publishers/centrifugo.ts";
import { channelPublisher } from "./publishers/channel.ts";
import type { Publisher } from "./publishers/publisher.ts";
import { socketIoPublisher } from "./publishers/socket-io.ts";
import { startCentrifugo } from "./servers/centrifugo.ts";
import { startGateway } from "./servers/drawchat.ts";
import type { Store } from "./store.ts";

/** What a contestant finds where it starts. */
export interface Arena {
  readonly store: Store;
  readonly log: Log;
  /** Signs the tokens of the sockets. */
  readonly secret: string;
  /** Path of Centrifugo's program. */
  readonly centrifugo: string | undefined;
  /** More settings for gateways. */
  readonly gatewayEnv: Readonly<Record<string, string>>;
}

export interface Contestant {
  readonly name: string;
  /** As tables have it. */
  readonly title: string;
  readonly dialect: DialectName;
  /** `session`: its own number, and so its own room and channel. */
  start(arena: Arena, session: number): Promise<RunningServer>;
  publisher(arena: Arena, session: number): Promise<Publisher>;
}

const channelOf = (session: number) => keys.channel(sessionRoom(session));
const accepting = ({ store, log }: Arena, session: number) => acceptPublisher(store.url, sessionRoom(session), log);

function drawchat(name: "v2" | "v1", title: string): Contestant {
  return {
    name,
    title,
    dialect: `counted-${name}`,
    start: ({ store, secret, gatewayEnv }, session) =>
      startGateway({ redisUrl: store.url, secret, id: `bench-${session}`, env: gatewayEnv }),
    publisher: accepting,
  };
}

function bare(name: string, title: string, form: "arrays" | "single"): Contestant {
  return {
    name,
    title,
    dialect: "bare",
    start: ({ store }, session) => startServerFile("bare-uws.ts", [store.url, channelOf(session), form]),
    publisher: accepting,
  };
}

export const CONTESTANTS: readonly Contestant[] = [
  drawchat("v2", "drawchat v2"),
  bare("floor", "bare uWebSockets.js, arrays", "arrays"),
  drawchat("v1", "drawchat v1"),
  bare("floor-v1", "bare uWebSockets.js, single frames", "single"),
  {
    name: "ws",
    title: "ws, broadcast loop",
    dialect: "bare",
    start: ({ store }, session) => startServerFile("ws.ts", [store.url, `bench:${session}`]),
    publisher: async ({ store }, session) => channelPublisher(store.url, `bench:${session}`),
  },
  {
    name: "socket.io",
    title: "Socket.IO, Redis adapter",
    dialect: "socket.io",
    start: ({ store }) => startServerFile("socket-io.ts", [store.url]),
    publisher: async ({ store }) => socketIoPublisher(store.url),
  },
  {
    name: "centrifugo",
    title: "Centrifugo, Redis, JSON",
    dialect: "centrifugo",
    start: ({ store, centrifugo }) => startCentrifugo(needed(centrifugo), store.url),
    publisher: async ({ store, centrifugo }) => {
      const node = await startCentrifugo(needed(centrifugo), store.url);
      await pin(node.pid, CLIENT_CORE);
      return centrifugoPublisher(`http://127.0.0.1:${node.port}/api`, CENTRIFUGO_CHANNEL, () => node.stop());
    },
  },
];

function needed(binary: string | undefined): string {
  if (binary === undefined) throw new Error("set CENTRIFUGO_BIN to Centrifugo's program");
  return binary;
}
