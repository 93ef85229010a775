import type { RunReport } from "../report/run-report.ts";
import type { Costs as BenchCosts } from "./costs.ts";
import type { WriteCost } from "./frames.ts";
import { learnBytes, learnKernel, learnMemory, learnOtherFrames, learnPage, learnRedisMemory, learnRows } from "./learn-bytes.ts";
import { nonNegativeFit } from "./least-squares.ts";
import type { Rows } from "./night-load.ts";
import { observationsOf } from "./observe.ts";
import { type Costs, DRIVERS, microsOf, type Observation, ROLES, type RoleName } from "./roles.ts";

export interface Memory {
  readonly baseBytes: number;
  readonly perSocketBytes: number;
}

export interface MachineCosts {
  readonly cpu: Readonly<Partial<Record<RoleName, Costs>>>;
  readonly gatewayMemory: Memory | undefined;
  /** Of one end of a connection. */
  readonly kernelBytesPerSocket: number | undefined;
  /** An event in a frame, without its text. */
  readonly eventOverheadBytes: number | undefined;
  /** An event in a frame, where runs do not say how long their texts were. */
  readonly eventBytes: number | undefined;
  /** Beside batches: counts, `stored`, acks; a second and socket of a room where something is said. */
  readonly otherFramesPerSocket: number;
  readonly welcomeBytes: number | undefined;
  readonly redisBytesPerMessage: number | undefined;
  /** A row with its indexes, by table. */
  readonly rowBytes: Readonly<Partial<Record<keyof Rows, number>>>;
  /** CPU of the api for one who opens the page: status and messages; microseconds. */
  readonly pageMicros: number | undefined;
  /** One core with p99 below 200 ms; of the benchmark alone. */
  readonly maxDeliveriesPerSecond: number | undefined;
}

/** Below these relative errors say nothing: CPU times come in steps of 10 ms. */
const LEAST_MICROS = 20_000;
/**
 * Two things that are in proportion in all windows cannot be told apart: the first is given the cost of both, and the second
 * is `merged`. What a run with one gateway and a run with two share is told apart.
 */
const ALWAYS_TOGETHER = 0.995;
/** A driver that so few windows have is not measured. */
const LEAST_WINDOWS = 3;

export function learnCosts(reports: readonly RunReport[], bench?: BenchCosts): MachineCosts {
  const cpu: Partial<Record<RoleName, Costs>> = {};
  for (const role of ROLES) {
    const costs = learnRole(role, reports, bench);
    if (costs !== undefined) cpu[role] = costs;
  }
  if (bench !== undefined && cpu.gateway !== undefined)
    cpu.gateway = { ...cpu.gateway, joins: cpu.gateway.joins ?? bench.gateway.connectCpuMicros };
  const perBytes = learnBytes(reports);
  return {
    cpu,
    gatewayMemory: learnMemory(reports) ?? (bench && { baseBytes: 0, perSocketBytes: bench.gateway.idleBytesPerSocket }),
    kernelBytesPerSocket: learnKernel(reports),
    ...perBytes,
    eventBytes: perBytes.eventBytes ?? bench?.eventBytes,
    otherFramesPerSocket: learnOtherFrames(reports, writeCost(cpu.gateway), perBytes.eventBytes ?? bench?.eventBytes ?? 0),
    redisBytesPerMessage: learnRedisMemory(reports),
    rowBytes: learnRows(reports),
    pageMicros: learnPage(reports),
    maxDeliveriesPerSecond: bench?.gateway.maxDeliveriesPerSecond,
  };
}

export function writeCost(costs: Costs | undefined): WriteCost {
  return { perWrite: microsOf(costs, "writes"), perByte: microsOf(costs, "bytes") };
}

function learnRole(role: RoleName, reports: readonly RunReport[], bench: BenchCosts | undefined): Costs | undefined {
  const observations = observationsOf(role, reports, bench);
  if (observations.length === 0) return undefined;
  const weightOf = ({ cpuMicros }: Observation) => 1 / Math.max(LEAST_MICROS, cpuMicros);
  const column = (driver: string) => observations.map((one) => (one.load[driver] ?? 0) * weightOf(one));
  const measured: string[] = [];
  const merged: string[] = [];
  for (const driver of DRIVERS[role]) {
    const values = column(driver);
    if (values.filter((value) => value > 0).length < LEAST_WINDOWS) continue;
    const isApart = measured.every((other) => cosine(column(other), values) < ALWAYS_TOGETHER);
    (isApart ? measured : merged).push(driver);
  }
  const fitted = nonNegativeFit(
    observations.map((one) => ({ x: measured.map((driver) => one.load[driver] ?? 0), y: one.cpuMicros, weight: weightOf(one) })),
  );
  if (fitted.every((cost) => cost === 0)) return undefined; // nothing that it does was seen often enough, or it cost nothing to see
  const costOf = (driver: string) => {
    const cost = fitted[measured.indexOf(driver)];
    // Nothing is free: a cost of zero is one that the others have swallowed.
    return merged.includes(driver) || cost === 0 ? "merged" : cost;
  };
  return Object.fromEntries(DRIVERS[role].map((driver) => [driver, costOf(driver)]));
}

/** 1: in proportion in every window. */
function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, n) => sum + value * (y[n] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
