/**
 * A ladder of message rates at a constant crowd: what a delivery costs the gateway, and where it is full. A rung ends the ladder
 * where a gateway has no processor left or messages are late; the one before it is what the gateway holds.
 */
import { sleep } from "@drawchat/runtime/backoff";
import { steadySchedule } from "../generator/schedule.ts";
import { readProcess } from "../report/proc.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Target } from "../target/target.ts";
import { absence, reportOf } from "./staged-report.ts";
import { type Stage, StagedRun } from "./staged-run.ts";
import { dialectsOf } from "./storm.ts";

export interface FanoutOptions {
  readonly seed: number;
  readonly sockets: number;
  /** Messages a second, rung by rung. */
  readonly rates: readonly number[];
  readonly secondsPerRung: number;
  readonly bytes: number;
  readonly v1Share: number;
  /** A rung whose 99th percentile is above it is the last. */
  readonly maxP99Ms: number;
}

export const TYPICAL_FANOUT = {
  sockets: 1_000,
  rates: [10, 50, 100, 200, 400, 800, 1_600, 3_200],
  secondsPerRung: 8,
  bytes: 100,
  v1Share: 0,
  maxP99Ms: 200,
} as const;

export interface FanoutRun extends Stage {
  readonly fanout: FanoutOptions;
}

export const FANOUT_JOINS_PER_SECOND = 500;
const FULL_CPU_SHARE = 0.95;
/** Twice as long as workers keep what they have to report. */
const REPORTED_WITHIN_MS = 500;

/** Rejects where the run could not be made; what the chat did wrong is in the report. */
export async function runFanout({ fanout, ...stage }: FanoutRun): Promise<RunReport> {
  const staged = await StagedRun.start(stage, fanout.sockets);
  const { fleet, target } = staged;
  try {
    const joins = { count: fanout.sockets, perSecond: FANOUT_JOINS_PER_SECOND, roads: target.roads, sessions: target.sessions };
    await fleet.connect({ ...joins, dialects: dialectsOf(fanout.v1Share) });
    await staged.settled();
    await fleet.measure();
    const { joined } = fleet.totals.states;
    stage.onProgress(`${joined} sockets are in`);
    const { ending, held } = await climb(staged, fanout, stage.onProgress);
    const certified = await staged.certify();
    const end = await staged.end();
    const { rates, seed, ...options } = fanout;
    return reportOf(end, {
      scenario: "fanout",
      seed,
      options: { ...options, rates: rates.join(",") },
      figures: [
        { name: "messages", value: end.counts.sent, unit: "messages" },
        { name: "deliveries", value: end.counts.deliveries, unit: "deliveries" },
        ...bestOf(held),
      ],
      ...certified,
      faults: absence(joined, fanout.sockets, "when the ladder began"),
      notes: [`the ladder ended: ${ending}`, ...certified.notes],
    });
  } finally {
    await staged.finish();
  }
}

type Rung = RunReport["steps"][number];

/** Of the rungs that held; none where none did. */
export function bestOf(held: readonly Rung[]): RunReport["figures"] {
  if (held.length === 0) return [];
  const value = Math.max(...held.map(({ figures }) => figures.deliveriesPerSecond ?? 0));
  return [{ name: "bestDeliveriesPerSecond", value, unit: "deliveries/s" }];
}

interface Climbed {
  readonly ending: string;
  readonly held: readonly Rung[];
}

/** Rung by rung, until one does not hold. Resolves with why it ended. */
async function climb(staged: StagedRun, fanout: FanoutOptions, onProgress: Stage["onProgress"]): Promise<Climbed> {
  const { fleet } = staged;
  const held: Rung[] = [];
  staged.endPhase("joins", { ratePerSecond: 0, gatewayCpuShare: 0, cpuMicrosPerDelivery: 0 });
  for (const perSecond of fanout.rates) {
    const before = await gatewayCpuSeconds(staged.target);
    const beganMs = performance.now();
    await fleet.send(steadySchedule({ perSecond, seconds: fanout.secondsPerRung, senders: fleet.sockets, bytes: fanout.bytes }));
    // What was said last is still on its way; whoever is behind by more than this is late, and the percentile says so.
    await sleep(REPORTED_WITHIN_MS);
    const seconds = (performance.now() - beganMs) / 1_000;
    const after = await gatewayCpuSeconds(staged.target);
    const used = after.map((cpu, i) => cpu - (before[i] ?? 0));
    const share = Math.max(0, ...used) / seconds;
    const step = staged.endPhase(`${perSecond}/s`, { ratePerSecond: perSecond, gatewayCpuShare: round(share, 3), cpuMicrosPerDelivery: 0 });
    const { deliveries = 0 } = step.figures;
    step.figures.cpuMicrosPerDelivery = deliveries === 0 ? 0 : round((used.reduce((sum, cpu) => sum + cpu, 0) * 1_000_000) / deliveries, 4);
    onProgress(describe(step));
    const problem = problemOf(step, fanout.maxP99Ms) ?? fleet.totals.health.void;
    if (problem !== undefined) return { ending: `at ${perSecond} messages a second ${problem}`, held };
    held.push(step);
  }
  return { ending: "every rung held", held };
}

/** Why the chat did not hold this rung; undefined: it did. */
export function problemOf({ figures: { gatewayCpuShare = 0, deliveryP99Ms = 0 } }: Rung, maxP99Ms: number): string | undefined {
  if (gatewayCpuShare > FULL_CPU_SHARE) return `a gateway had no processor left (${Math.round(gatewayCpuShare * 100)} %)`;
  return deliveryP99Ms > maxP99Ms ? `the 99th percentile was ${deliveryP99Ms} ms` : undefined;
}

/** Since their start; 0 where it cannot be read. */
async function gatewayCpuSeconds({ processes }: Target): Promise<number[]> {
  const gateways = processes.filter(({ name }) => name.startsWith("gateway"));
  return await Promise.all(gateways.map(async ({ pid }) => (pid === undefined ? 0 : ((await readProcess(pid))?.cpuSeconds ?? 0))));
}

const round = (value: number, digits: number) => Number(value.toFixed(digits));

function describe({ name, figures }: RunReport["steps"][number]): string {
  const { deliveriesPerSecond = 0, deliveryP50Ms, deliveryP99Ms, gatewayCpuShare = 0, cpuMicrosPerDelivery } = figures;
  const cpu = `fullest gateway ${Math.round(gatewayCpuShare * 100)} % of a core, ${cpuMicrosPerDelivery} µs a delivery`;
  return `${name}: ${deliveriesPerSecond} deliveries/s, p50 ${deliveryP50Ms} ms, p99 ${deliveryP99Ms} ms, ${cpu}`;
}
