/** `npm start` as a test runs it: on a port and folders of its own, one gateway. */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child, type ChildEnd } from "@drawchat/local/child";
import { freePort, portProblem } from "@drawchat/local/ports";
import { vi } from "vitest";
import type { Endpoints } from "./summary.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const PATIENCE = { timeout: 60_000, interval: 50 };

export interface ProcessLine {
  service: string;
  pid: number;
  msg: string;
}

export class TestChat {
  readonly dir: string;
  readonly port: number;
  /** What a person saw. */
  output = "";
  #child: Child | undefined;

  constructor(dir: string, port: number) {
    this.dir = dir;
    this.port = port;
  }

  static async create(): Promise<TestChat> {
    const dir = await mkdtemp(join(tmpdir(), "drawchat-test-start-"));
    await chmod(dir, 0o755);
    return new TestChat(dir, await freePort());
  }

  /** Resolves with the process; it may still be starting. */
  async run(env: Record<string, string> = {}): Promise<Child> {
    this.output = "";
    this.#child = await Child.start({
      command: process.execPath,
      args: [main],
      env: { PORT: String(this.port), DATA_DIR: this.dataDir, LOG_DIR: join(this.dir, "logs"), GATEWAYS: "1", TZ: "UTC", ...env },
      stopTimeoutMs: 30_000,
      onLine: (line) => {
        this.output += `${line}\n`;
      },
    });
    return this.#child;
  }

  /** Resolves when the summary is printed. */
  async start(): Promise<Child> {
    const child = await this.run();
    await vi.waitFor(() => {
      if (!child.isRunning) throw new Error(`it ended: ${this.output}`);
      if (!this.output.includes("drawchat is running")) throw new Error(`not yet: ${this.output}`);
    }, PATIENCE);
    return child;
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  get ended(): Promise<ChildEnd> | undefined {
    return this.#child?.ended;
  }

  get dataDir(): string {
    return join(this.dir, "data");
  }

  async endpoints(): Promise<Endpoints> {
    return JSON.parse(await readFile(join(this.dataDir, "endpoints.json"), "utf8"));
  }

  /** Every line of `app.log` that a process of ours wrote. */
  async log(): Promise<ProcessLine[]> {
    const text = await readFile(join(this.dir, "logs", "app.log"), "utf8");
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line)).filter((line: Partial<ProcessLine>) => typeof line.pid === "number");
  }

  /** The process ids under which a service became ready, in order. */
  async readyPids(service: string): Promise<number[]> {
    return (await this.log()).filter((line) => line.service === service && line.msg === "ready").map(({ pid }) => pid);
  }

  async remove(): Promise<void> {
    await this.#child?.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}

function portsOf({ edge, gateways, api, metrics, redis, postgres }: Endpoints): Set<number> {
  return new Set([edge, ...gateways, api, ...metrics, redis, postgres].map((url) => Number(new URL(url).port)));
}

/** The ports of these addresses on which somebody listens; those of a later start may be the same, by chance. */
export async function takenPorts(endpoints: Endpoints, later?: Endpoints): Promise<number[]> {
  const ofLater = later === undefined ? new Set<number>() : portsOf(later);
  const ports = [...portsOf(endpoints)].filter((port) => !ofLater.has(port));
  const problems = await Promise.all(ports.map(async (port) => ({ port, problem: await portProblem("127.0.0.1", port) })));
  return problems.filter(({ problem }) => problem !== undefined).map(({ port }) => port);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
