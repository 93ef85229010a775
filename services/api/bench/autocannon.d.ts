/** What benchmarks and load runs use of autocannon, which has no types of its own. */
declare module "autocannon" {
  import type { EventEmitter } from "node:events";

  interface Result {
    requests: { average: number; total: number };
    latency: { p50: number; p99: number };
    errors: number;
    timeouts: number;
    non2xx: number;
    /** In seconds. */
    duration: number;
  }

  interface RequestParts {
    method?: string;
    path?: string;
    headers?: Record<string, string>;
  }

  interface Options {
    url: string;
    connections: number;
    duration: number;
    headers?: Record<string, string>;
    /** Ends after so many, whatever the duration. */
    amount?: number;
    /** Looks so often whether it is over, in milliseconds. Default 1,000. */
    sampleInt?: number;
    /** Requests a second, all connections together. */
    overallRate?: number;
    /** Called before each request; what it returns is sent. */
    requests?: { setupRequest: (request: RequestParts) => RequestParts }[];
  }

  interface Run extends EventEmitter, PromiseLike<Result> {
    on(event: "response", listener: (client: unknown, status: number, bytes: number, durationMs: number) => void): this;
    on(event: "reqError", listener: (error: Error) => void): this;
    stop(): void;
  }

  function autocannon(options: Options): Run;
  export = autocannon;
}
