/** One process of a run as the collector sees it: its CPU, its memory, its own metrics, from its first look to its last. */

import { type ProcessUse, readProcess } from "./proc.ts";
import { parseSamples, type Samples, total } from "./prometheus.ts";
import type { ProcessCost } from "./run-report.ts";
import { type Curve, curvesOf, figuresOf } from "./service-metrics.ts";

/** Below the time between two looks: one that hangs must not hold up the others. */
const SCRAPE_TIMEOUT_MS = 800;

export interface ProcessToWatch {
  /** Such as `gateway-1`: curves and costs are told by it. Several processes under one name are added up. */
  name: string;
  /** On this machine. Without it, CPU and memory are those that its metrics tell. */
  pid?: number;
  /** Its private `…/metrics`. */
  metricsUrl?: string;
}

interface Look {
  readonly atMs: number;
  readonly use: ProcessUse | undefined;
  readonly samples: Samples | undefined;
}

export class WatchedProcess {
  readonly name: string;
  readonly #target: ProcessToWatch;
  /** Counted from. */
  #first: Look | undefined;
  #last: Look | undefined;
  #lastSamples: Samples | undefined;
  #peakRssBytes = 0;
  #misses = 0;

  constructor(target: ProcessToWatch) {
    this.name = target.name;
    this.#target = target;
  }

  /** Curves since the look before; none of what cannot be read. Never rejects. */
  async look(): Promise<Curve[]> {
    const { pid, metricsUrl } = this.#target;
    const [fromProc, samples] = await Promise.all([
      pid === undefined ? undefined : readProcess(pid),
      metricsUrl === undefined ? undefined : scrape(metricsUrl),
    ]);
    if (metricsUrl !== undefined && samples === undefined) this.#misses += 1;
    const now: Look = { atMs: performance.now(), use: fromProc ?? useFrom(samples), samples };
    const before = this.#last;
    this.#first ??= now;
    // A process that is gone keeps the account of its last look.
    if (now.use !== undefined) {
      this.#last = now;
      this.#peakRssBytes = Math.max(this.#peakRssBytes, now.use.rssBytes);
    }
    this.#lastSamples = samples ?? this.#lastSamples;
    return this.#curves(now, before);
  }

  #curves({ atMs, use, samples }: Look, before: Look | undefined): Curve[] {
    const curves: Curve[] = [];
    const seconds = (atMs - (before?.atMs ?? atMs)) / 1_000;
    if (use !== undefined) {
      curves.push({ group: "memory", name: this.name, unit: "bytes", value: use.rssBytes });
      if (before?.use !== undefined && seconds > 0) {
        curves.push({ group: "cpu", name: this.name, unit: "cores", value: (use.cpuSeconds - before.use.cpuSeconds) / seconds });
      }
    }
    if (samples !== undefined) {
      curves.push(...curvesOf(this.name, samples, before?.samples && { before: before.samples, seconds }));
    }
    return curves;
  }

  /** Undefined where nothing could be read at all. */
  get cost(): ProcessCost | undefined {
    const last = this.#last?.use;
    if (last === undefined) return undefined;
    return {
      name: this.name,
      cpuSeconds: Math.max(0, last.cpuSeconds - (this.#first?.use?.cpuSeconds ?? 0)),
      rssBytes: this.#peakRssBytes,
    };
  }

  get figures(): { name: string; value: number; unit: string }[] {
    if (this.#lastSamples === undefined) return [];
    return figuresOf(this.name, this.#lastSamples, this.#first?.samples ?? new Map());
  }

  get notes(): string[] {
    const notes = this.#misses === 0 ? [] : [`${this.name} did not answer for its metrics ${this.#misses} times`];
    if (this.cost === undefined) notes.push(`CPU and memory of ${this.name} could not be read: no /proc, and no metrics that tell them`);
    return notes;
  }
}

function useFrom(samples: Samples | undefined): ProcessUse | undefined {
  const cpuSeconds = samples && total(samples, "process_cpu_seconds_total");
  const rssBytes = samples && total(samples, "process_resident_memory_bytes");
  return cpuSeconds === undefined || rssBytes === undefined ? undefined : { cpuSeconds, rssBytes };
}

async function scrape(url: string): Promise<Samples | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS) });
    return response.ok ? parseSamples(await response.text()) : undefined;
  } catch {
    return undefined; // counted by the caller
  }
}
