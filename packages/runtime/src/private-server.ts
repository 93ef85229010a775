/**
 * The private port of a process: `/healthz` (the process lives), `/readyz` (it can serve: 200 or 503 with what is
 * missing), `/metrics` (Prometheus). Never reachable from outside; it has no authentication.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";

export interface PrivateAnswer {
  status: number;
  type: string;
  body: string;
}

export interface PrivateServerOptions {
  host: string;
  port: number; // 0: any free port
  metrics: Metrics;
  /** What keeps this process from serving, in words; empty when ready. */
  notReady: () => string[];
  /** Further paths, such as `/trail`, each answered from its query. */
  routes?: Readonly<Record<string, (query: URLSearchParams) => PrivateAnswer>>;
}

export class PrivateServer {
  readonly #server: Server;
  readonly #options: PrivateServerOptions;

  constructor(options: PrivateServerOptions) {
    this.#options = options;
    options.metrics.ready(options.notReady);
    this.#server = createServer((request, response) => {
      this.#answer(request.url ?? "/").then(
        ({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body),
        () => response.writeHead(500).end(),
      );
    });
  }

  /** Listens; resolves with the port. */
  async start(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, this.#options.host, resolve);
    });
    return addressOf(this.#server).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(url: string): Promise<PrivateAnswer> {
    const [path = "", query] = url.split("?");
    if (path === "/healthz") return { status: 200, type: "application/json", body: '{"status":"ok"}' };
    if (path === "/readyz") {
      const missing = this.#options.notReady();
      const ready = missing.length === 0;
      return { status: ready ? 200 : 503, type: "application/json", body: JSON.stringify({ ready, missing }) };
    }
    if (path === "/metrics") {
      const { registry } = this.#options.metrics;
      return { status: 200, type: registry.contentType, body: await registry.metrics() };
    }
    const route = this.#options.routes?.[path];
    if (route !== undefined) return route(new URLSearchParams(query));
    return { status: 404, type: "application/json", body: '{"status":404}' };
  }
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("server is not listening on a port");
  return address;
}
