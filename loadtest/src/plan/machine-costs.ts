/** What things cost on the measured machine: from all its reports and, where it is there, from the benchmark's file. */
import { median } from "../report/format.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Costs as BenchCosts } from "./costs.ts";
import { BATCH_FRAME_BYTES, framesOf, type WriteCost } from "./frames.ts";
import { nonNegativeFit } from "./least-squares.ts";
import { observationsOf, v1ShareOf, writesOf } from "./observe.ts";
import { roomsOf, textBytesOf } from "./report-options.ts";
import { type Costs, DRIVERS, type Observation, ROLES, type RoleName } from "./roles.ts";
import { clusterWindows, curvesOf, type GatewayWindow, gatewaysOf, gatewayWindows, KERNEL_CURVE } from "./windows.ts";

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
  /** One core with p99 below 200 ms; of the benchmark alone. */
  readonly maxDeliveriesPerSecond: number | undefined;
}

/** Below these relative errors say nothing: CPU times come in steps of 10 ms. */
const LEAST_MICROS = 20_000;
/**
 * Two things that are in proportion in all windows cannot be told apart: the first is given the cost of both, and the second
 * is not measured. What a run with one gateway and one with two have together is told apart.
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
    maxDeliveriesPerSecond: bench?.gateway.maxDeliveriesPerSecond,
  };
}

export function writeCost(costs: Costs | undefined): WriteCost {
  return { perWrite: costs?.writes ?? 0, perByte: costs?.bytes ?? 0 };
}

function learnRole(role: RoleName, reports: readonly RunReport[], bench: BenchCosts | undefined): Costs | undefined {
  const observations = observationsOf(role, reports, bench);
  if (observations.length === 0) return undefined;
  const weightOf = ({ cpuMicros }: Observation) => 1 / Math.max(LEAST_MICROS, cpuMicros);
  const column = (driver: string) => observations.map((one) => (one.load[driver] ?? 0) * weightOf(one));
  const measured: string[] = [];
  for (const driver of DRIVERS[role]) {
    const values = column(driver);
    const isSeen = values.filter((value) => value > 0).length >= LEAST_WINDOWS;
    if (isSeen && measured.every((other) => cosine(column(other), values) < ALWAYS_TOGETHER)) measured.push(driver);
  }
  const fitted = nonNegativeFit(
    observations.map((one) => ({ x: measured.map((driver) => one.load[driver] ?? 0), y: one.cpuMicros, weight: weightOf(one) })),
  );
  return Object.fromEntries(
    DRIVERS[role].map((driver) => [driver, measured.includes(driver) ? fitted[measured.indexOf(driver)] : undefined]),
  );
}

/** 1: in proportion in every window. */
function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, n) => sum + value * (y[n] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Resident memory falls late when sockets leave: only windows with more sockets than any before tell of them. */
function learnMemory(reports: readonly RunReport[]): Memory | undefined {
  const rising = reports.flatMap((report) =>
    gatewaysOf(report).flatMap((gateway) =>
      highs(gatewayWindows(report).filter((window) => window.gateway === gateway && window.rssBytes > 0)),
    ),
  );
  if (new Set(rising.map(({ sockets }) => Math.round(sockets / 100))).size < 2) return undefined;
  const [baseBytes = 0, perSocketBytes = 0] = nonNegativeFit(
    rising.map(({ sockets, rssBytes }) => ({ x: [1, sockets], y: rssBytes, weight: 1 / rssBytes })),
  );
  return { baseBytes, perSocketBytes };
}

function highs<W extends { readonly sockets: number }>(windows: readonly W[]): W[] {
  let highest = -1;
  return windows.filter(({ sockets }) => {
    const isHigh = sockets >= highest;
    highest = Math.max(highest, sockets);
    return isHigh;
  });
}

/** Both ends of a connection are on this machine, and two more where a balancer stands between. */
function learnKernel(reports: readonly RunReport[]): number | undefined {
  const equations = reports
    .filter(({ target }) => target.kind === "own")
    .flatMap((report) => {
      const ends = report.target.balancer === "none" ? 2 : 4;
      const start = curvesOf(report.series)("memory", KERNEL_CURVE)[0]?.[1] ?? 0;
      return highs(clusterWindows(report)).flatMap(({ sockets, kernelBytes }) =>
        kernelBytes === undefined || sockets < 100 ? [] : [{ x: [sockets * ends], y: kernelBytes - start, weight: 1 / sockets }],
      );
    });
  return equations.length < LEAST_WINDOWS ? undefined : nonNegativeFit(equations)[0];
}

type Bytes = Pick<MachineCosts, "eventBytes" | "eventOverheadBytes" | "welcomeBytes">;

/** Bytes that went out: of events, of the frames around them, of welcomes with their history. */
function learnBytes(reports: readonly RunReport[]): Bytes {
  const perReport = reports.flatMap((report) => {
    const windows = gatewayWindows(report).filter(({ bytes }) => bytes > 0);
    // Those of version 1 have nothing around them.
    const around = ({ frames, delivered }: GatewayWindow) => Math.max(0, frames - v1ShareOf(report) * delivered) * BATCH_FRAME_BYTES;
    if (windows.filter(({ delivered }) => delivered > 0).length < LEAST_WINDOWS) return [];
    const [eventBytes = 0, welcomeBytes = 0] = nonNegativeFit(
      windows.map((window) => ({
        x: [window.delivered, window.joins],
        y: Math.max(0, window.bytes - around(window)),
        weight: 1 / window.bytes,
      })),
    );
    return [{ eventBytes, welcomeBytes, textBytes: textBytesOf(report), joins: Math.max(...windows.map(({ joins }) => joins)) }];
  });
  const of = (values: readonly number[]) => (values.length === 0 ? undefined : median(values));
  return {
    eventBytes: of(perReport.map(({ eventBytes }) => eventBytes)),
    eventOverheadBytes: of(
      perReport.flatMap(({ eventBytes, textBytes }) => (textBytes === undefined ? [] : [Math.max(0, eventBytes - textBytes)])),
    ),
    welcomeBytes: of(perReport.filter(({ joins }) => joins > 1).map(({ welcomeBytes }) => welcomeBytes)),
  };
}

function learnOtherFrames(reports: readonly RunReport[], cost: WriteCost, eventBytes: number): number {
  const others = reports.flatMap((report) =>
    gatewayWindows(report)
      .filter(({ events, sockets, frames }) => events > 1 && sockets > 10 && frames > 0)
      .map((window) => otherFrames(window, { rooms: roomsOf(report), v1Share: v1ShareOf(report), cost, eventBytes })),
  );
  return others.length === 0 ? 0 : Math.max(0, median(others));
}

interface RoomFacts {
  readonly rooms: number;
  readonly v1Share: number;
  readonly cost: WriteCost;
  readonly eventBytes: number;
}

function otherFrames(window: GatewayWindow, { rooms, v1Share, cost, eventBytes }: RoomFacts): number {
  const room = { sockets: window.sockets / rooms, eventsPerSecond: window.events / rooms, eventBytes };
  return writesOf(window, v1Share).writes / window.sockets - framesOf(room, cost).perSecond;
}

/** While nothing has expired yet (a run is shorter than 5 minutes), what Redis holds grows with what was accepted. */
function learnRedisMemory(reports: readonly RunReport[]): number | undefined {
  const perMessage = reports.flatMap((report) => {
    const points = curvesOf(report.series)("memory", "Redis data");
    const growth = Math.max(0, ...points.map(([, bytes]) => bytes)) - (points[0]?.[1] ?? 0);
    const accepted = report.figures.filter(({ name }) => /^gateway-\d+\.accepted$/.test(name)).reduce((sum, { value }) => sum + value, 0);
    return accepted < 1_000 ? [] : [growth / accepted];
  });
  return perMessage.length === 0 ? undefined : median(perMessage);
}
