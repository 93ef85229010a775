/** Histograms of durations in microseconds: recorded in the workers, sent as text, added up in the parent. */
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from "hdr-histogram-js";
import type { LatencySummary } from "../report/run-report.ts";

/** What is timed: a message until it is there; until its sender has the answer; a socket until it is in, and in again. */
export const LATENCIES = ["delivery", "ack", "join", "rejoin"] as const;
export type LatencyName = (typeof LATENCIES)[number];

/** To within 1 %. */
export function newHistogram(): Histogram {
  return build({ numberOfSignificantValueDigits: 2 });
}

export function encodeHistogram(histogram: Histogram): string {
  return encodeIntoCompressedBase64(histogram, 1);
}

export function decodeHistogram(text: string): Histogram {
  return decodeFromCompressedBase64(text);
}

/** In milliseconds, as reports have them. */
export function summarise(name: string, histogram: Histogram): LatencySummary {
  const ms = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1_000;
  const isEmpty = histogram.totalCount === 0;
  return {
    name,
    count: histogram.totalCount,
    p50: isEmpty ? 0 : ms(50),
    p90: isEmpty ? 0 : ms(90),
    p99: isEmpty ? 0 : ms(99),
    p999: isEmpty ? 0 : ms(99.9),
    max: isEmpty ? 0 : histogram.maxValue / 1_000,
  };
}
