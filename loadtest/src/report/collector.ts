/**
 * Looks at the processes of a run once a second while it runs, beside it: what cannot be read becomes a note of the
 * report, never an error. Costs a few milliseconds a look.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Curves, type SeriesGroup } from "./curves.ts";
import { PostgresWatch } from "./postgres-size.ts";
import { type MachineUse, readMachine } from "./proc.ts";
import { type RedisUse, RedisWatch, redisFigures } from "./redis-info.ts";
import type { ProcessCost, RunReport, Series } from "./run-report.ts";
import { type ProcessToWatch, WatchedProcess } from "./watched-process.ts";

export type { ProcessToWatch } from "./watched-process.ts";

type Figure = RunReport["figures"][number];

const PARTITION = /^partition /;
const DELAYED_FSYNCS = "Redis delayed fsyncs";

export interface CollectorOptions {
  processes: readonly ProcessToWatch[];
  redisUrl?: string;
  /** For the size of rows, looked at before and after the run. */
  databaseUrl?: string;
  /** Default 1,000. */
  everyMs?: number;
}

/** What goes into the fields of a RunReport that have the same names. */
export interface Collected {
  readonly series: Series[];
  readonly processes: ProcessCost[];
  readonly figures: Figure[];
  readonly notes: string[];
}

/** Resolves after the first look: what processes used before it is not the run's. */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const collector = new Collector(options);
  await collector.start();
  return collector;
}

export class Collector {
  readonly #everyMs: number;
  readonly #beganMs = performance.now();
  readonly #curves = new Curves();
  readonly #processes: WatchedProcess[];
  readonly #redis: RedisWatch | undefined;
  readonly #postgres: PostgresWatch | undefined;
  readonly #notes = new Set<string>();
  readonly #stopping = new AbortController();
  #firstRedis: RedisUse | undefined;
  #lastRedis: { use: RedisUse; atMs: number } | undefined;
  #lastMachine: { use: MachineUse; atMs: number } | undefined;
  #looping: Promise<void> = Promise.resolve();
  #collected: Promise<Collected> | undefined;

  constructor({ processes, redisUrl, databaseUrl, everyMs = 1_000 }: CollectorOptions) {
    this.#everyMs = everyMs;
    this.#processes = processes.map((process) => new WatchedProcess(process));
    this.#redis = redisUrl === undefined ? undefined : new RedisWatch(redisUrl);
    this.#postgres = databaseUrl === undefined ? undefined : new PostgresWatch(databaseUrl);
  }

  async start(): Promise<void> {
    await this.#redis?.connect().catch((error: unknown) => this.#noteRedis(error));
    await this.#postgres?.start().catch((error: unknown) => this.#notePostgres(error));
    await this.#look();
    this.#looping = this.#loop();
  }

  /** A point of a curve, now. */
  note(group: SeriesGroup, name: string, unit: string, value: number): void {
    this.#curves.note({ group, name, unit, value, seconds: (performance.now() - this.#beganMs) / 1_000 });
  }

  /** Takes a last look. Safe to call again. */
  stop(): Promise<Collected> {
    this.#collected ??= this.#stop();
    return this.#collected;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stopping;
    for (let look = 1; !signal.aborted; look += 1) {
      // By the clock, so that a slow look does not stretch the axis; one that is overdue is left out.
      const dueMs = this.#beganMs + look * this.#everyMs - performance.now();
      if (dueMs < 0) continue;
      await sleep(dueMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    await Promise.all([this.#lookAtProcesses(), this.#lookAtMachine(), this.#lookAtRedis()]);
  }

  async #lookAtProcesses(): Promise<void> {
    const curves = await Promise.all(this.#processes.map((process) => process.look()));
    for (const { group, name, unit, value } of curves.flat()) this.note(group, name, unit, value);
  }

  async #lookAtMachine(): Promise<void> {
    const use = await readMachine();
    if (use === undefined) return void this.#notes.add("no /proc on this machine: CPU and memory only where a process tells them itself");
    const now = { use, atMs: performance.now() };
    const before = this.#lastMachine ?? now;
    this.#lastMachine = now;
    this.note("memory", "kernel (slab and TCP buffers)", "bytes", use.slabBytes + use.tcpBufferBytes);
    const seconds = (now.atMs - before.atMs) / 1_000;
    if (seconds <= 0) return;
    this.note("cpu", "machine, everything", "cores", (use.busySeconds - before.use.busySeconds) / seconds);
    this.note("cpu", "machine, taken by its host", "cores", (use.stolenSeconds - before.use.stolenSeconds) / seconds);
    this.note("rate", "loopback", "bytes/s", (use.loopbackBytes - before.use.loopbackBytes) / seconds);
  }

  async #lookAtRedis(): Promise<void> {
    const use = await this.#redis?.read().catch((error: unknown) => this.#noteRedis(error));
    if (use === undefined) return;
    const now = { use, atMs: performance.now() };
    const before = this.#lastRedis ?? now;
    this.#firstRedis ??= use;
    this.#lastRedis = now;
    this.note("memory", "Redis data", "bytes", use.memoryBytes);
    this.note("other", DELAYED_FSYNCS, "times", use.delayedFsyncs - this.#firstRedis.delayedFsyncs);
    const seconds = (now.atMs - before.atMs) / 1_000;
    if (seconds <= 0) return;
    this.note("rate", "Redis commands", "commands/s", (use.commands - before.use.commands) / seconds);
    this.note("rate", "Redis out", "bytes/s", (use.outBytes - before.use.outBytes) / seconds);
  }

  #noteRedis(error: unknown): undefined {
    this.#notes.add(`Redis did not answer INFO: ${error instanceof Error ? error.message : String(error)}`);
  }

  #notePostgres(error: unknown): undefined {
    this.#notes.add(`Postgres did not tell the size of its tables: ${error instanceof Error ? error.message : String(error)}`);
  }

  async #stop(): Promise<Collected> {
    this.#stopping.abort();
    await this.#looping;
    await this.#look();
    this.#redis?.close();
    const rows = await this.#postgres?.finish().catch((error: unknown) => this.#notePostgres(error));
    return {
      series: this.#curves.take().filter(isTold),
      processes: addedByName(this.#processes.flatMap(({ cost }) => cost ?? [])),
      figures: [
        ...figuresByName(this.#processes.flatMap(({ figures }) => figures)),
        ...(this.#firstRedis && this.#lastRedis ? redisFigures(this.#firstRedis, this.#lastRedis.use) : []),
        ...(rows ?? []),
      ],
      notes: [...this.#notes, ...this.#processes.flatMap(({ notes }) => notes)],
    };
  }
}

/** Of 64 partitions most are never used by a run; a fault that did not happen needs no curve. */
function isTold({ name, points }: Series): boolean {
  return !(PARTITION.test(name) || name === DELAYED_FSYNCS) || points.some(([, value]) => value > 0);
}

/** Several under one name are one line: their CPU added up, of their memory the highest. */
function addedByName(costs: readonly ProcessCost[]): ProcessCost[] {
  const byName = new Map<string, ProcessCost>();
  for (const { name, cpuSeconds, rssBytes } of costs) {
    const before = byName.get(name);
    byName.set(name, {
      name,
      cpuSeconds: Math.round(((before?.cpuSeconds ?? 0) + cpuSeconds) * 100) / 100,
      rssBytes: Math.max(before?.rssBytes ?? 0, rssBytes),
    });
  }
  return [...byName.values()];
}

function figuresByName(figures: readonly Figure[]): Figure[] {
  const byName = new Map<string, Figure>();
  for (const { name, value, unit } of figures) byName.set(name, { name, unit, value: value + (byName.get(name)?.value ?? 0) });
  return [...byName.values()];
}
