/** How often gateways read a room's history in Redis, by their own account. */
import type { ProcessToWatch } from "../report/collector.ts";
import { parseSamples, total } from "../report/prometheus.ts";

const METRIC = "drawchat_gateway_history_reads_total";

/** Since its start, of each that answers, by name. */
export async function countHistoryReads(processes: readonly ProcessToWatch[]): Promise<ReadonlyMap<string, number>> {
  const counts = await Promise.all(
    processes.map(async ({ name, metricsUrl }) => [name, metricsUrl === undefined ? undefined : await countOf(metricsUrl)] as const),
  );
  return new Map(counts.flatMap(([name, count]) => (count === undefined ? [] : [[name, count]])));
}

/** By those that answered both times; undefined where none did. One that was started anew meanwhile has counted from 0. */
export function readsBetween(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number | undefined {
  const both = [...after].flatMap(([name, now]) => {
    const then = before.get(name);
    return then === undefined ? [] : [now < then ? now : now - then];
  });
  return both.length === 0 ? undefined : both.reduce((sum, reads) => sum + reads, 0);
}

async function countOf(metricsUrl: string): Promise<number | undefined> {
  try {
    const response = await fetch(metricsUrl, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? total(parseSamples(await response.text()), METRIC) : undefined;
  } catch {
    return undefined; // it is away: the report tells that
  }
}
