/** The load balancer with the project's own configuration, in front of servers on this machine. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheDir } from "./cache.ts";
import { Child } from "./child.ts";
import { findHaproxy } from "./haproxy.ts";
import { freePorts } from "./ports.ts";

/** Ports on 127.0.0.1; the probe port answers /readyz. */
export interface Backend {
  readonly port: number;
  readonly probePort: number;
}

export interface HaproxyOptions {
  gateway: Backend;
  api: Backend;
  /** How many slots for gateways; all lead to `gateway` until `place` says otherwise. */
  gateways: number;
  /** Whose X-Forwarded-For is kept. Default nobody's. */
  frontAddresses?: string;
  /** Clients at once; twice as many file descriptors are needed, and some. Default 1,000. */
  maxConnections?: number;
  /** Value of HAPROXY_PATH, if any. */
  path?: string;
  /** Everything it writes, the access log included, is kept in `lines`. Default true; a storm would fill the memory. */
  keepsLines?: boolean;
}

const CONFIG = fileURLToPath(new URL("../../../infra/haproxy/haproxy.cfg", import.meta.url));
const START_TIMEOUT_MS = 30_000;
const LAST_LINES = 10;
const LINE_TIMEOUT_MS = 20_000;

export class LocalHaproxy {
  readonly url: string;
  readonly statusUrl: string;
  /** What it wrote, the access log included. */
  readonly lines: string[] = [];
  readonly #dir: string;
  readonly #watchers = new Set<(line: string) => void>();
  #child: Child | undefined;

  private constructor(dir: string, ports: { public: number; status: number }) {
    this.#dir = dir;
    this.url = `http://127.0.0.1:${ports.public}`;
    this.statusUrl = `http://127.0.0.1:${ports.status}`;
  }

  /** Takes connections when it resolves. */
  static async start({
    gateway,
    api,
    gateways,
    frontAddresses,
    maxConnections = 1_000,
    path,
    keepsLines = true,
  }: HaproxyOptions): Promise<LocalHaproxy> {
    const [publicPort = 0, statusPort = 0] = await freePorts(2);
    const haproxy = new LocalHaproxy(await mkdtemp(join(tmpdir(), "drawchat-haproxy-")), { public: publicPort, status: statusPort });
    const env = {
      GATEWAY_ADDRESS: `127.0.0.1:${gateway.port}`,
      GATEWAY_PROBE_PORT: String(gateway.probePort),
      GATEWAY_SLOTS: String(gateways),
      API_ADDRESS: `127.0.0.1:${api.port}`,
      API_PROBE_PORT: String(api.probePort),
      API_SLOTS: "1",
      SLOWSTART: "1s",
      PUBLIC_BIND: `127.0.0.1:${publicPort}`,
      STATUS_BIND: `127.0.0.1:${statusPort}`,
      ADMIN_SOCKET: haproxy.#socket,
      MAX_CONNECTIONS: String(maxConnections),
      ...(frontAddresses === undefined ? {} : { FRONT_ADDRESSES: frontAddresses }),
    };
    try {
      await haproxy.#start(env, path, keepsLines);
      return haproxy;
    } catch (error) {
      await haproxy.stop();
      throw error;
    }
  }

  /** Points a slot at a server and lets it take clients. Resolves once it was found ready. */
  async place(slot: string, { port, probePort }: Backend): Promise<void> {
    await this.command(`set server ${slot} state maint`);
    await this.command(`set server ${slot} addr 127.0.0.1 port ${port}`);
    await this.command(`set server ${slot} check-port ${probePort}`);
    const up = this.next(`Server ${slot} is UP`);
    await this.command(`set server ${slot} state ready`);
    await up;
  }

  /** A line that is still to come: call it before what causes it. */
  async next(part: string): Promise<string> {
    const found = Promise.withResolvers<string>();
    const watch = (line: string) => {
      if (line.includes(part)) found.resolve(line);
    };
    const timer = setTimeout(() => found.reject(new Error(`no line with "${part}"; the last ones:\n${this.#tail}`)), LINE_TIMEOUT_MS);
    this.#watchers.add(watch);
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(watch);
    }
  }

  /** A runtime command on its admin socket; its answer. */
  async command(text: string): Promise<string> {
    const socket = connect(this.#socket);
    socket.end(`${text}\n`);
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    return answer.trim();
  }

  /** The process that carries the connections: a child of the one that was started. Undefined where there is no /proc. */
  async workerPid(): Promise<number | undefined> {
    const pid = this.#child?.pid;
    if (pid === undefined) return undefined;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
    return Number.parseInt(children, 10) || undefined;
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }

  get #socket(): string {
    return join(this.#dir, "admin.sock");
  }

  get #tail(): string {
    return this.lines.slice(-LAST_LINES).join("\n");
  }

  async #start(env: Readonly<Record<string, string>>, path: string | undefined, keepsLines: boolean): Promise<void> {
    const { command, libraryPath } = await findHaproxy(await cacheDir(), path);
    const loaded = Promise.withResolvers<void>();
    this.#child = await Child.start({
      command,
      args: ["-W", "-db", "-f", CONFIG],
      env: { ...env, ...(libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath }) },
      onLine: (line) => {
        this.lines.push(line);
        if (!keepsLines && this.lines.length > LAST_LINES) this.lines.shift();
        if (line.includes("Loading success")) loaded.resolve();
        for (const watch of this.#watchers) watch(line);
      },
    });
    const timer = setTimeout(() => loaded.reject(new Error(`HAProxy did not start:\n${this.#tail}`)), START_TIMEOUT_MS);
    const ended = this.#child.ended.then(() => loaded.reject(new Error(`HAProxy ended:\n${this.#tail}`)));
    try {
      await Promise.race([loaded.promise, ended.then(() => loaded.promise)]);
    } finally {
      clearTimeout(timer);
    }
  }
}
