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
  /** So many requests and no more, within a minute or the given time; default as many as the time allows. */
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
  /** Requests that the network failed. */
  readonly unanswered: number;
  /** Requests whose outcome nobody knows: those, and those in flight when the time was over. */
  readonly unknown: number;
  /** Statuses that were not to be expected, and what the network said of requests without an answer: how often each. */
  readonly faults: ReadonlyMap<string, number>;
  readonly latency: LatencySummary;
}

const LOOK_MS = 100;
const AMOUNT_WITHIN_SECONDS = 60;

/** Never rejects for what the server does: that is the result. */
export async function fire(call: Call, { url, tokens, connections, seconds, perSecond }: CannonOptions): Promise<Volley> {
  const { name, method, pathOf, amount, expected } = call;
  const latency = newHistogram();
  const byStatus = new Map<number, number>();
  const failures = new Map<string, number>();
  const beganMs = performance.now();
  let lastMs = beganMs;
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
    sampleInt: LOOK_MS,
    ...(amount === undefined ? {} : { amount }),
    ...(perSecond === undefined ? {} : { overallRate: perSecond }),
  });
  run.on("response", (_, status, __, durationMs) => {
    lastMs = performance.now();
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
  const deadline = setTimeout(() => run.stop(), Math.max(seconds, amount === undefined ? 0 : AMOUNT_WITHIN_SECONDS) * 1_000);
  await run;
  clearTimeout(deadline);
  const isFault = (status: number) => (status < 200 || status > 299) && !expected.includes(status);
  const refusals = [...byStatus].filter(([status]) => isFault(status)).map(([status, count]) => [`status ${status}`, count] as const);
  const answered = [...byStatus.values()].reduce((sum, count) => sum + count, 0);
  return {
    name,
    seconds: (lastMs - beganMs) / 1_000,
    answered,
    unknown: asked - answered,
    byStatus,
    unanswered: [...failures.values()].reduce((sum, count) => sum + count, 0),
    faults: new Map([...refusals, ...failures]),
    latency: summarise(name, latency),
  };
}
