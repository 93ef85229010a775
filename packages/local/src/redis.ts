/** A Redis server of our own on 127.0.0.1, with the settings that the chat asserts: AOF on, nothing evicted. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheDir } from "./cache.ts";
import { Child } from "./child.ts";
import { findRedis, type RedisBinary } from "./redis-binary.ts";
import { stopLeftBehindRedis, writeRedisPort } from "./redis-stale.ts";

export interface RedisOptions {
  /** Its folder: the append-only file lives in it. */
  dir: string;
  port: number;
  /** More settings, such as `{ maxmemory: "50mb" }`. */
  settings?: Readonly<Record<string, string>>;
  onLine?: (line: string) => void;
}

const START_TIMEOUT_MS = 15_000;

/** Starts it and resolves once it takes commands. What an earlier run left behind on `dir` is stopped first. */
export async function startRedis(options: RedisOptions): Promise<LocalRedis> {
  const binary = await findRedis(await cacheDir());
  await mkdir(options.dir, { recursive: true });
  await stopLeftBehindRedis(options.dir);
  const redis = new LocalRedis(options, binary);
  await redis.start();
  return redis;
}

export class LocalRedis {
  readonly port: number;
  readonly url: string;
  readonly #options: RedisOptions;
  readonly #binary: RedisBinary;
  #child: Child | undefined;

  constructor(options: RedisOptions, binary: RedisBinary) {
    this.port = options.port;
    this.url = `redis://127.0.0.1:${options.port}`;
    this.#options = options;
    this.#binary = binary;
  }

  /** Of the process that runs now, or ran last. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it has ended by whatever cause. */
  get ended(): Promise<unknown> {
    return this.#child?.ended ?? Promise.resolve();
  }

  /** Starts it again on the same port and data after `stop` or `kill`. */
  async start(): Promise<void> {
    const { dir, port, settings = {} } = this.#options;
    const all = {
      port: String(port),
      bind: "127.0.0.1",
      dir,
      appendonly: "yes",
      appendfsync: "everysec",
      "maxmemory-policy": "noeviction",
      save: "",
      daemonize: "no",
      ...settings,
    };
    const ready = Promise.withResolvers<void>();
    const { command, libraryPath } = this.#binary;
    const child = await Child.start({
      command,
      args: Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
      cwd: dir,
      ...(libraryPath === undefined ? {} : { env: { LD_LIBRARY_PATH: libraryPath } }),
      onLine: (line) => {
        if (line.includes("Ready to accept connections")) ready.resolve();
        this.#options.onLine?.(line);
      },
    });
    this.#child = child;
    const deadline = setTimeout(() => ready.reject(new Error("it took too long")), START_TIMEOUT_MS);
    const ended = child.ended.then(() => ready.reject(new Error("it ended")));
    try {
      await ready.promise;
      await writeRedisPort(dir, port);
    } catch (cause) {
      await child.stop();
      await ended;
      throw new Error(`Redis did not start on port ${port}:\n${child.lastOutput}`, { cause });
    } finally {
      clearTimeout(deadline);
    }
  }

  /** Orderly: the append-only file is on disk afterwards. */
  async stop(): Promise<void> {
    await this.#child?.stop();
  }

  /** SIGKILL, as a crash. Resolves when it is gone; `start` reads the append-only file again. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.ended;
  }

  /** Suspends (a Redis that hangs) until `resume`. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Where its append-only files are: to delete between `kill` and `start`, as a disk that was lost. */
  get appendOnlyDir(): string {
    return join(this.#options.dir, "appendonlydir");
  }
}
