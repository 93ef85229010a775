/** One call of the REST api, asked again and again over some connections, each time as another user. */
import autocannon from "autocannon";
import { newHistogram, summarise } from "../generator/latency.ts";
import type { LatencySummary } from "../report/run-report.ts";

export interface Call {
  /** Such as `GET /live-chat/status`. */
  readonly name: string;
  readonly method: "GET" | "POST";
  /** Of the how-manyeth request. */
  readonly pathOf: (n: number) => string;
  /** Answers that are neither success nor fault of the server: `409`, a like that was there. */
  readonly expected: readonly number[];
  /** So many requests and no more; default as many as the time allows. */
  readonly amount?: number | undefined;
}

export interface CannonOptions {
  /** Of the api: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Of as many users; the n-th request is the n-th user's, round and round. */
  readonly tokens: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  /** Requests a second; default as many as are answered. */
  readonly perSecond?: number | undefined;
}

export interface Volley {
  readonly name: string;
  readonly seconds: number;
  readonly answered: number;
  /** By HTTP status. */
  readonly byStatus: ReadonlyMap<number, number>;
  /** Statuses that were not to be expected, and requests that got no answer. */
  readonly faults: number;
  /** Connections that broke, time-outs included, by what the network said. */
  readonly failures: ReadonlyMap<string, number>;
  readonly latency: LatencySummary;
}

/** Never rejects for what the server does: that is the result. */
export async function fire(call: Call, { url, tokens, connections, seconds, perSecond }: CannonOptions): Promise<Volley> {
  const { name, method, pathOf, amount, expected } = call;
  const latency = newHistogram();
  const byStatus = new Map<number, number>();
  const failures = new Map<string, number>();
  let asked = 0;
  const setupRequest = () => {
    const n = asked;
    asked += 1;
    return { method, path: pathOf(n), headers: { authorization: `Bearer ${tokens[n % tokens.length]}` } };
  };
  const used = Math.max(1, Math.min(connections, amount ?? connections, perSecond ?? connections));
  const run = autocannon({
    url,
    connections: used,
    duration: seconds,
    requests: [{ setupRequest }],
    ...(amount === undefined ? {} : { amount }),
    ...(perSecond === undefined ? {} : { overallRate: perSecond }),
  });
  run.on("response", (_, status, __, durationMs) => {
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    const us = Math.round(durationMs * 1_000);
    // What waited behind a slow answer was meant to be asked earlier: it is counted as if it had been.
    if (perSecond === undefined) latency.recordValue(us);
    else latency.recordValueWithExpectedInterval(us, Math.round((1_000_000 * used) / perSecond));
  });
  run.on("reqError", (error) => {
    const problem = "code" in error && typeof error.code === "string" ? error.code : error.message;
    failures.set(problem, (failures.get(problem) ?? 0) + 1);
  });
  // An amount knows no time: a server that does not answer must not hold the run for ever.
  const deadline = setTimeout(() => run.stop(), seconds * 1_000);
  const { duration } = await run;
  clearTimeout(deadline);
  const counts = [...byStatus];
  const sum = (pairs: Iterable<readonly [unknown, number]>) => [...pairs].reduce((total, [, count]) => total + count, 0);
  const isFault = (status: number) => (status < 200 || status > 299) && !expected.includes(status);
  return {
    name,
    seconds: duration,
    answered: sum(counts),
    byStatus,
    faults: sum(counts.filter(([status]) => isFault(status))) + sum(failures),
    failures,
    latency: summarise(name, latency),
  };
}
