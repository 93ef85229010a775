/**
 * A ladder of message rates at a constant crowd: what a delivery costs the gateway, and where it is full. A rung ends the ladder
 * where a gateway has no processor left or messages are late; the one before it is what the gateway holds.
 */
import { sleep } from "@drawchat/runtime/backoff";
import { LATENCIES } from "../generator/latency.ts";
import { steadySchedule } from "../generator/schedule.ts";
import type { Certificate } from "../ledger/certificate.ts";
import { readProcess } from "../report/proc.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Target } from "../target/target.ts";
import { PhaseMeter } from "./phase-meter.ts";
import { namedNotes, type OnLive, placeOf, StagedRun } from "./staged-run.ts";
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

export interface FanoutRun {
  readonly target: Target;
  readonly fanout: FanoutOptions;
  readonly onProgress: (what: string) => void;
  readonly onLive?: OnLive | undefined;
}

export const FANOUT_JOINS_PER_SECOND = 500;
const FULL_CPU_SHARE = 0.95;
const LOOK_MS = 250;

/** Rejects where the run could not be made; what the chat did wrong is in the report. */
export async function runFanout({ target, fanout, onProgress, onLive }: FanoutRun): Promise<RunReport> {
  const meter = new PhaseMeter();
  const staged = await StagedRun.start({ target, onLive, sockets: fanout.sockets, onReport: (report) => meter.add(report) });
  const ending = new AbortController();
  const watching = watch(staged, ending.signal);
  try {
    const { roads, sessions } = target;
    const joins = { count: fanout.sockets, perSecond: FANOUT_JOINS_PER_SECOND, roads, sessions };
    await staged.fleet.connect({ ...joins, dialects: dialectsOf(fanout.v1Share) });
    await staged.settled();
    await staged.fleet.measure();
    onProgress(`${staged.fleet.totals.states.joined} sockets are in`);
    const end = await climb({ staged, fanout, meter, onProgress });
    const { certificate, hasSettled } = await staged.certify();
    return await reportOf({ staged, fanout, meter, end, certificate, hasSettled });
  } finally {
    ending.abort();
    await watching;
    await staged.finish();
  }
}

interface Course {
  readonly staged: StagedRun;
  readonly fanout: FanoutOptions;
  readonly meter: PhaseMeter;
  readonly onProgress: (what: string) => void;
}

/** Rung by rung, until one does not hold. Resolves with why it ended. */
async function climb({ staged, fanout, meter, onProgress }: Course): Promise<string> {
  const { fleet } = staged;
  meter.end("joins", fleet, { ratePerSecond: 0, gatewayCpuShare: 0, cpuMicrosPerDelivery: 0 });
  for (const perSecond of fanout.rates) {
    const before = await gatewayCpuSeconds(staged.target);
    const beganMs = performance.now();
    await fleet.send(steadySchedule({ perSecond, seconds: fanout.secondsPerRung, senders: fleet.sockets, bytes: fanout.bytes }));
    // What was said last is still on its way; whoever is behind by more than this is late, and the percentile says so.
    await sleep(2 * LOOK_MS);
    const seconds = (performance.now() - beganMs) / 1_000;
    const after = await gatewayCpuSeconds(staged.target);
    const used = after.map((cpu, i) => cpu - (before[i] ?? 0));
    const share = Math.max(0, ...used) / seconds;
    const step = meter.end(`${perSecond}/s`, fleet, {
      ratePerSecond: perSecond,
      gatewayCpuShare: round(share, 3),
      cpuMicrosPerDelivery: 0,
    });
    const { deliveries = 0, deliveryP99Ms = 0 } = step.figures;
    step.figures.cpuMicrosPerDelivery = deliveries === 0 ? 0 : round((used.reduce((sum, cpu) => sum + cpu, 0) * 1_000_000) / deliveries, 4);
    onProgress(describe(step));
    if (share > FULL_CPU_SHARE) return `at ${perSecond} messages a second a gateway had no processor left (${Math.round(share * 100)} %)`;
    if (deliveryP99Ms > fanout.maxP99Ms) return `at ${perSecond} messages a second the 99th percentile was ${deliveryP99Ms} ms`;
    if (fleet.totals.health.void !== undefined) return `at ${perSecond} messages a second ${fleet.totals.health.void}`;
  }
  return "every rung held";
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

async function watch({ fleet, collector }: StagedRun, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    collector.note("connections", "joined", "sockets", fleet.totals.states.joined);
    await sleep(LOOK_MS, signal);
  }
}

interface Outcome {
  readonly staged: StagedRun;
  readonly fanout: FanoutOptions;
  readonly meter: PhaseMeter;
  readonly end: string;
  readonly certificate: Certificate;
  readonly hasSettled: boolean;
}

async function reportOf({ staged, fanout, meter, end, certificate, hasSettled }: Outcome): Promise<RunReport> {
  const { totals } = staged.fleet;
  const { counts, health, named } = totals;
  const { seconds } = staged;
  const collected = await staged.finish();
  const { rates, ...options } = fanout;
  return {
    format: 1,
    scenario: "fanout",
    startedAt: staged.startedAt.toISOString(),
    seconds: round(seconds, 1),
    seed: fanout.seed,
    options: { ...options, rates: rates.join(",") },
    ...placeOf(staged.target),
    ...(health.void === undefined ? {} : { void: health.void }),
    generator: {
      processes: health.processes,
      maxCpuShare: health.maxCpuShare,
      loopDelayP99Ms: health.loopDelayP99Ms,
      sentLate: health.sentLate,
    },
    figures: [
      { name: "messages", value: counts.sent, unit: "messages" },
      { name: "deliveries", value: counts.deliveries, unit: "deliveries" },
      {
        name: "bestDeliveriesPerSecond",
        value: Math.max(...meter.steps.map(({ figures }) => figures.deliveriesPerSecond ?? 0)),
        unit: "deliveries/s",
      },
      ...collected.figures,
    ],
    latencies: LATENCIES.map((name) => totals.latency(name)),
    steps: meter.steps,
    processes: collected.processes,
    series: collected.series,
    certificate,
    faults: [],
    notes: [
      `the ladder ended: ${end}`,
      ...collected.notes,
      ...(hasSettled ? [] : ["not everything had come within 20 s of the last answer: what was missing then is in the certificate"]),
      ...namedNotes(named),
    ],
  };
}
