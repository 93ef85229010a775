/** A process of ours, run from its source: starts it, waits for its `ready` line, hands on its log lines. */
import { fileURLToPath } from "node:url";
import { Child, type ChildEnd } from "./child.ts";

export interface ServiceOptions {
  /** Folder below `services/`. */
  service: string;
  /** The file to run, where it is not its source. */
  entry?: string;
  /** Its whole environment, and what every process of ours has (see ALLOCATOR): what a service reads is what was meant for it. */
  env: Readonly<Record<string, string>>;
  /** Default 30,000. */
  readyTimeoutMs?: number;
  /** SIGKILL follows SIGTERM after this long. Default 15,000. */
  stopTimeoutMs?: number;
  /** Every line it writes: JSON on stdout, and whatever comes on stderr. */
  onLine?: (line: string) => void;
  /** Aborted while it starts: it is stopped, and `start` rejects. */
  signal?: AbortSignal;
}

/** A service that ended, or hung, before it was ready. */
export class ServiceStartError extends Error {
  /** Its exit status where it ended by itself; 78 is a bad configuration. */
  readonly code: number | null;
  /** Its last lines: what it said about it. */
  readonly output: string;

  readonly service: string;

  constructor(service: string, { code, output, cause }: { code: number | null; output: string; cause: unknown }) {
    super(`${service} did not start:\n${output}`, { cause });
    this.name = "ServiceStartError";
    this.service = service;
    this.code = code;
    this.output = output;
  }
}

/** Ports that it names in its `ready` line. */
export type ServicePorts = Readonly<Partial<Record<string, number>>>;

/**
 * Of the C library: one heap for all threads. Node's threads verify tokens beside each other, and with a heap each what they leave
 * behind lies between the sockets in holes that nobody else can use: a third of what an idle socket costs. The image has it too.
 */
const ALLOCATOR = { MALLOC_ARENA_MAX: "1" };

const root = fileURLToPath(new URL("../../..", import.meta.url));

export class ServiceProcess {
  readonly service: string;
  readonly ports: ServicePorts;
  readonly #child: Child;

  private constructor(service: string, child: Child, ports: ServicePorts) {
    this.service = service;
    this.#child = child;
    this.ports = ports;
  }

  /** Resolves once it is ready; it is gone again where that fails, and the Error holds its last lines. */
  static async start(options: ServiceOptions): Promise<ServiceProcess> {
    const { service, env, readyTimeoutMs = 30_000, stopTimeoutMs = 35_000, onLine, signal } = options;
    const { entry = `services/${service}/src/main.ts` } = options;
    const ready = Promise.withResolvers<ServicePorts>();
    const child = await Child.start({
      command: process.execPath,
      args: [entry],
      cwd: root,
      env: { ...ALLOCATOR, ...env },
      stopTimeoutMs,
      onLine: (line) => {
        const ports = readyPorts(line);
        if (ports !== undefined) ready.resolve(ports);
        onLine?.(line);
      },
    });
    const stop = () => void child.stop();
    signal?.addEventListener("abort", stop);
    const deadline = setTimeout(() => ready.reject(new Error(`not ready within ${readyTimeoutMs} ms`)), readyTimeoutMs);
    const ended = child.ended.then(({ code, signal }) => ready.reject(new Error(`ended with ${signal ?? code}`)));
    try {
      return new ServiceProcess(service, child, await ready.promise);
    } catch (cause) {
      const endedByItself = !child.isRunning;
      const { code } = await child.stop();
      await ended;
      throw new ServiceStartError(service, { code: endedByItself ? code : null, output: child.lastOutput, cause });
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", stop);
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isRunning(): boolean {
    return this.#child.isRunning;
  }

  /** Resolves when it has ended by whatever cause. */
  get ended(): Promise<ChildEnd> {
    return this.#child.ended;
  }

  /** Sends any signal: SIGKILL for a crash, SIGSTOP and SIGCONT for one that hangs. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** SIGTERM, then SIGKILL. Safe to call again, and after it ended. */
  stop(): Promise<ChildEnd> {
    return this.#child.stop();
  }
}

/** `{"msg":"ready","ports":{"public":8001,"private":9001},…}` → the ports; any other line → undefined. */
function readyPorts(line: string): ServicePorts | undefined {
  if (!line.startsWith("{") || !line.includes('"ready"')) return undefined;
  try {
    const record: unknown = JSON.parse(line);
    if (typeof record !== "object" || record === null || !("msg" in record) || record.msg !== "ready") return undefined;
    if (!("ports" in record) || typeof record.ports !== "object" || record.ports === null) return {};
    return Object.fromEntries(Object.entries(record.ports).filter(([, port]) => typeof port === "number"));
  } catch {
    return undefined; // not JSON: some other line
  }
}
