/** Percentiles over the run: what the workers timed in each second, of all of them together. */
import { decodeHistogram, LATENCIES, type LatencyName, newHistogram } from "../generator/latency.ts";
import type { Collector } from "./collector.ts";

const EVERY_MS = 1_000;

export class LatencyCurves {
  readonly #collector: Pick<Collector, "note">;
  readonly #histograms = new Map(LATENCIES.map((name) => [name, newHistogram()]));
  #sinceMs = performance.now();

  constructor(collector: Pick<Collector, "note">) {
    this.#collector = collector;
  }

  /** What a worker reported; encoded, as it comes. A second in which nothing was timed has no point. */
  add(latencies: Readonly<Partial<Record<LatencyName, string>>>): void {
    for (const [name, histogram] of this.#histograms) {
      const encoded = latencies[name];
      if (encoded !== undefined) histogram.add(decodeHistogram(encoded));
    }
    if (performance.now() - this.#sinceMs >= EVERY_MS) this.#note();
  }

  #note(): void {
    this.#sinceMs = performance.now();
    for (const [name, histogram] of this.#histograms) {
      if (histogram.totalCount === 0) continue;
      for (const percentile of [50, 99]) {
        this.#collector.note("latency", `${name} p${percentile}`, "ms", histogram.getValueAtPercentile(percentile) / 1_000);
      }
      histogram.reset();
    }
  }
}
