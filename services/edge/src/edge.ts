/**
 * One address for everything, on a developer's machine: WebSocket paths go to the gateways in turn, the rest to the
 * api. In production a real load balancer does this.
 */
import { Agent, createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { proxyRequest } from "./http-proxy.ts";
import { openTunnel } from "./tunnel.ts";

export interface EdgeOptions {
  host: string;
  port: number;
  gateways: readonly URL[];
  api: URL;
  /** Told of each WebSocket that begins; what it returns is called when it ends. */
  onSocket: () => () => void;
}

const GATEWAY_PATHS = ["/live-chat/ws", "/conversations/ws"];
// Longer than the longest URL and headers that a gateway takes, so that refusing is left to it.
const MAX_HEADER_BYTES = 64 * 1024;

export class Edge {
  readonly #options: EdgeOptions;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #sockets = new Set<Duplex>();
  #turn = 0;

  constructor(options: EdgeOptions) {
    this.#options = options;
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, noDelay: true }, (request, answer) => {
      proxyRequest(request, answer, { target: this.#targetOf(request), agent: this.#agent });
    });
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Listens; resolves with the port. */
  async start(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, this.#options.host, resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("server is not listening on a port");
    return address.port;
  }

  /** Cuts everything: clients come back by themselves. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.add(socket);
    const onEnd = this.#options.onSocket();
    socket.once("close", () => {
      this.#sockets.delete(socket);
      onEnd();
    });
    const targets = isForGateway(request) ? this.#gatewaysInTurn() : [this.#options.api];
    openTunnel(request, socket, { head, gateways: targets }).catch(() => socket.destroy());
  }

  #targetOf(request: IncomingMessage): URL {
    return (isForGateway(request) ? this.#gatewaysInTurn()[0] : undefined) ?? this.#options.api;
  }

  /** All of them, starting with the next in turn. */
  #gatewaysInTurn(): URL[] {
    const { gateways } = this.#options;
    this.#turn = (this.#turn + 1) % gateways.length;
    return [...gateways.slice(this.#turn), ...gateways.slice(0, this.#turn)];
  }
}

function isForGateway({ url = "/" }: IncomingMessage): boolean {
  return GATEWAY_PATHS.some((path) => url.startsWith(path));
}
