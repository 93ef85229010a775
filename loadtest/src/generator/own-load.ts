/** What this process itself used: a generator that was at its limit measures itself. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { nowUs } from "./clock.ts";
import type { OwnLoad } from "./orders.ts";

/** The loop is looked at so often; what it reports holds this much that is no delay. */
const RESOLUTION_MS = 10;
const NS_PER_MS = 1_000_000;
const SECOND_US = 1_000_000;

interface Mark {
  readonly atUs: number;
  readonly cpuUs: number;
}

export class LoadMeter {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  /** Of the last second. */
  #marks: Mark[] = [];
  #start: Mark;
  #maxCpuShare = 0;

  constructor() {
    this.#delays.enable();
    this.#start = mark();
  }

  /** What was before does not count. */
  restart(): void {
    this.#delays.reset();
    this.#start = mark();
    this.#marks = [this.#start];
    this.#maxCpuShare = 0;
  }

  read(): OwnLoad {
    const now = mark();
    this.#marks.push(now);
    while (this.#marks.length > 2 && now.atUs - (this.#marks[1]?.atUs ?? 0) >= SECOND_US) this.#marks.shift();
    const oldest = this.#marks[0] ?? now;
    const cpuShare = shareBetween(oldest, now);
    if (now.atUs - oldest.atUs >= SECOND_US) this.#maxCpuShare = Math.max(this.#maxCpuShare, cpuShare);
    return {
      cpuShare,
      maxCpuShare: this.#maxCpuShare,
      meanCpuShare: shareBetween(this.#start, now),
      loopDelayP99Ms: Math.max(0, this.#delays.percentile(99) / NS_PER_MS - RESOLUTION_MS),
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: now.cpuUs / SECOND_US,
    };
  }
}

function mark(): Mark {
  const { user, system } = process.cpuUsage();
  return { atUs: nowUs(), cpuUs: user + system };
}

function shareBetween(from: Mark, to: Mark): number {
  return to.atUs === from.atUs ? 0 : (to.cpuUs - from.cpuUs) / (to.atUs - from.atUs);
}
