/** A Postgres of our own on 127.0.0.1: `initdb` and `postgres`, run directly; as root under an unprivileged user. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { sleep } from "@drawchat/runtime/backoff";
import { isRoot } from "./cache.ts";
import { Child } from "./child.ts";
import { findPostgres, type PostgresBinaries } from "./postgres-binaries.ts";
import { clearStalePid } from "./postgres-stale.ts";
import { placeReachable } from "./reachable.ts";

export interface PostgresOptions {
  /** Its folder: `cluster/` and `password` live in it. Made on the first start, used again later. */
  dir: string;
  port: number;
  /** false: no fsync, for tests; a power cut would lose the cluster. Default true. */
  durable?: boolean;
  onLine?: (line: string) => void;
}

/** `nobody`: exists everywhere and owns nothing. */
export const UNPRIVILEGED_UID = 65534;
const START_TIMEOUT_MS = 30_000;
const SHARED_MEMORY_RETRY_MS = 100;
const USER = "postgres";

/** Starts it and resolves once it takes connections. */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const binaries = await findPostgres();
  await mkdir(options.dir, { recursive: true });
  if (isRoot()) await chmod(options.dir, 0o755); // another user passes through it
  const cluster = await placeReachable(join(options.dir, "cluster"), isRoot() ? UNPRIVILEGED_UID : undefined);
  const password = await readPassword(options.dir);
  if (!existsSync(join(cluster, "PG_VERSION"))) await initialise({ binaries, cluster, password, durable: options.durable ?? true });
  const postgres = new LocalPostgres({ ...options, binaries, cluster, password });
  await postgres.start();
  return postgres;
}

export class LocalPostgres {
  readonly port: number;
  readonly #options: PostgresOptions & { binaries: PostgresBinaries; cluster: string; password: string };
  #child: Child | undefined;

  constructor(options: PostgresOptions & { binaries: PostgresBinaries; cluster: string; password: string }) {
    this.port = options.port;
    this.#options = options;
  }

  /** URL of a database in it, with its superuser's password. */
  url(database = "postgres"): string {
    return `postgres://${USER}:${this.#options.password}@127.0.0.1:${this.port}/${database}`;
  }

  /** Of the process that runs now, or ran last. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it has ended by whatever cause. */
  get ended(): Promise<unknown> {
    return this.#child?.ended ?? Promise.resolve();
  }

  /** Starts it again on the same port after `stop` or `kill`, or after it died. */
  async start(): Promise<void> {
    await clearStalePid(this.#options.cluster);
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const { problem, output } = await this.#tryStart(deadline - Date.now());
      if (problem === undefined) return;
      // After a crash the sessions of the old one take a moment to notice that it is gone.
      if (!output.includes("pre-existing shared memory block") || Date.now() > deadline)
        throw new Error(`Postgres did not start on port ${this.port} (${problem}):\n${output}`);
      await sleep(SHARED_MEMORY_RETRY_MS);
    }
  }

  async #tryStart(timeoutMs: number): Promise<{ problem: string | undefined; output: string }> {
    const { binaries, cluster, port, durable = true, onLine } = this.#options;
    const outcome = Promise.withResolvers<string | undefined>();
    const child = await Child.start({
      command: binaries.postgres,
      args: ["-D", cluster, "-p", String(port), ...settingsOf({ durable })],
      cwd: cluster,
      stopSignal: "SIGINT", // fast shutdown: does not wait for clients to leave
      onLine: (line) => {
        if (line.includes("ready to accept connections")) outcome.resolve(undefined);
        onLine?.(line);
      },
      ...(isRoot() ? { uid: UNPRIVILEGED_UID } : {}),
    });
    this.#child = child;
    const timer = setTimeout(() => outcome.resolve("it took too long"), timeoutMs);
    const ended = child.ended.then(() => outcome.resolve("it ended"));
    const problem = await outcome.promise;
    clearTimeout(timer);
    if (problem !== undefined) await Promise.all([child.stop(), ended]);
    return { problem, output: child.lastOutput };
  }

  /** Fast shutdown: clients are cut off, what is committed is kept. */
  async stop(): Promise<void> {
    await this.#child?.stop();
  }

  /** SIGKILL, as a crash: the next `start` recovers. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.ended;
  }

  /** Suspends (a Postgres that hangs) until `resume`. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }
}

function settingsOf({ durable }: { durable: boolean }): string[] {
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: "200",
    timezone: "UTC",
    log_timezone: "UTC",
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_wal_size: "256MB" }),
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

async function readPassword(dir: string): Promise<string> {
  const path = join(dir, "password");
  const found = await readFile(path, "utf8").catch(() => undefined);
  if (found !== undefined && found !== "") return found;
  const password = randomBytes(18).toString("base64url");
  await writeFile(path, password, { mode: 0o600 });
  return password;
}

interface NewCluster {
  binaries: PostgresBinaries;
  cluster: string;
  password: string;
  durable: boolean;
}

/** Made beside its place and renamed, so that one that was cut short is never taken for a cluster. */
async function initialise({ binaries, cluster, password, durable }: NewCluster): Promise<void> {
  const unfinished = `${cluster}.new`;
  const passwordFile = `${cluster}.pw`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  const asUser = isRoot() ? { uid: UNPRIVILEGED_UID, gid: UNPRIVILEGED_UID } : {};
  if (isRoot()) for (const path of [unfinished, passwordFile]) await chown(path, UNPRIVILEGED_UID, UNPRIVILEGED_UID);
  const args = ["-D", unfinished, "-U", USER, "--auth=scram-sha-256", `--pwfile=${passwordFile}`, "--encoding=UTF8"];
  args.push("--locale-provider=builtin", "--locale=C.UTF-8", ...(durable ? [] : ["--no-sync"]));
  try {
    await promisify(execFile)(binaries.initdb, args, { cwd: unfinished, ...asUser });
    await rename(unfinished, cluster);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    throw new Error(`initdb failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    await rm(passwordFile, { force: true });
  }
}
