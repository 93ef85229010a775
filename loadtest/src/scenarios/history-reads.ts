/** How often gateways read a room's history in Redis, by their own account. */
import type { ProcessToWatch } from "../report/collector.ts";
import { parseSamples, total } from "../report/prometheus.ts";

const METRIC = "drawchat_gateway_history_reads_total";

/** Of all of them that answer; undefined where none does. */
export async function countHistoryReads(processes: readonly ProcessToWatch[]): Promise<number | undefined> {
  const counts = await Promise.all(
    processes.map(async ({ metricsUrl }) => (metricsUrl === undefined ? undefined : await countOf(metricsUrl))),
  );
  const known = counts.filter((count) => count !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, count) => sum + count, 0);
}

async function countOf(metricsUrl: string): Promise<number | undefined> {
  try {
    const response = await fetch(metricsUrl, { signal: AbortSignal.timeout(5_000) });
    return total(parseSamples(await response.text()), METRIC);
  } catch {
    return undefined; // it is away: the report tells that
  }
}
