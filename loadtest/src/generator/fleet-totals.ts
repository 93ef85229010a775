/** What all workers reported, added up. */
import type { Histogram } from "hdr-histogram-js";
import type { LatencySummary } from "../report/run-report.ts";
import { decodeHistogram, LATENCIES, type LatencyName, newHistogram, summarise } from "./latency.ts";
import type { OwnLoad, WorkerReport } from "./orders.ts";
import { type Counts, NAMED, type NamedCounts, noCounts, noNamed, noStates, type StateCounts } from "./tally.ts";

/** Above these a generator measures itself. */
const MAX_CPU_SHARE = 0.9;
const MAX_LOOP_DELAY_MS = 100;
const MAX_LATE_SHARE = 0.01;

export interface GeneratorHealth {
  readonly processes: number;
  readonly maxCpuShare: number;
  readonly loopDelayP99Ms: number;
  readonly sentLate: number;
  /** Why a run with it proves nothing; undefined where it does. */
  readonly void: string | undefined;
}

export class FleetTotals {
  readonly #latest = new Map<number, WorkerReport>();
  readonly #latencies = new Map<LatencyName, Histogram>(LATENCIES.map((name) => [name, newHistogram()]));

  add(report: WorkerReport): void {
    this.#latest.set(report.worker, report);
    for (const name of LATENCIES) {
      const text = report.tally.latencies[name];
      if (text !== undefined) this.#latencies.get(name)?.add(decodeHistogram(text));
    }
  }

  get counts(): Counts {
    return this.#sum(noCounts(), ({ tally }) => tally.counts);
  }

  get states(): StateCounts {
    return this.#sum(noStates(), ({ tally }) => tally.states);
  }

  get named(): NamedCounts {
    const total = noNamed();
    for (const what of NAMED) total[what] = this.#sum<Record<string, number>>({}, ({ tally }) => tally.named[what]);
    return total;
  }

  get loads(): OwnLoad[] {
    return [...this.#latest.values()].map(({ load }) => load);
  }

  /** Everything since the start, or since `clearLatency`. */
  latency(name: LatencyName): LatencySummary {
    return summarise(name, this.#latencies.get(name) ?? newHistogram());
  }

  /** Begins anew, for the next rung or phase. */
  clearLatency(name: LatencyName): void {
    this.#latencies.get(name)?.reset();
  }

  get health(): GeneratorHealth {
    const loads = this.loads;
    const { sent, sentLate } = this.counts;
    const meanCpuShare = Math.max(0, ...loads.map((load) => load.meanCpuShare));
    const loopDelayP99Ms = Math.max(0, ...loads.map((load) => load.loopDelayP99Ms));
    const reasons = [
      meanCpuShare > MAX_CPU_SHARE ? `a generator process used ${Math.round(meanCpuShare * 100)} % of a core` : undefined,
      loopDelayP99Ms > MAX_LOOP_DELAY_MS ? `its loop was ${Math.round(loopDelayP99Ms)} ms late at the 99th percentile` : undefined,
      sentLate > sent * MAX_LATE_SHARE ? `${sentLate} of ${sent} messages went out over 100 ms late` : undefined,
    ].filter((reason) => reason !== undefined);
    return {
      processes: loads.length,
      maxCpuShare: Math.max(0, ...loads.map((load) => load.maxCpuShare)),
      loopDelayP99Ms,
      sentLate,
      void: reasons.length === 0 ? undefined : `the generator was the bottleneck: ${reasons.join("; ")}`,
    };
  }

  #sum<T extends Record<string, number>>(total: T, of: (report: WorkerReport) => T): T {
    const sums: Record<string, number> = total;
    for (const report of this.#latest.values()) {
      for (const [name, count] of Object.entries(of(report))) sums[name] = (sums[name] ?? 0) + count;
    }
    return total;
  }
}
