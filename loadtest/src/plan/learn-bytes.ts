/** What memory, frames and rows take, from the curves and figures of runs. */
import { median } from "../report/format.ts";
import type { RunReport } from "../report/run-report.ts";
import { BATCH_FRAME_BYTES, framesOf, type WriteCost } from "./frames.ts";
import { nonNegativeFit } from "./least-squares.ts";
import type { MachineCosts, Memory } from "./machine-costs.ts";
import { v1ShareOf, writesOf } from "./observe.ts";
import { roomsOf, textBytesOf } from "./report-options.ts";
import { clusterWindows, curvesOf, type GatewayWindow, gatewaysOf, gatewayWindows, KERNEL_CURVE } from "./windows.ts";

const LEAST_WINDOWS = 3;

/** Resident memory falls late when sockets leave: only windows with more sockets than any before tell of them. */
export function learnMemory(reports: readonly RunReport[]): Memory | undefined {
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
export function learnKernel(reports: readonly RunReport[]): number | undefined {
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
export function learnBytes(reports: readonly RunReport[]): Bytes {
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

export function learnOtherFrames(reports: readonly RunReport[], cost: WriteCost, eventBytes: number): number {
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
export function learnRedisMemory(reports: readonly RunReport[]): number | undefined {
  const perMessage = reports.flatMap((report) => {
    const points = curvesOf(report.series)("memory", "Redis data");
    const growth = Math.max(0, ...points.map(([, bytes]) => bytes)) - (points[0]?.[1] ?? 0);
    const accepted = report.figures.filter(({ name }) => /^gateway-\d+\.accepted$/.test(name)).reduce((sum, { value }) => sum + value, 0);
    return accepted < 1_000 ? [] : [growth / accepted];
  });
  return perMessage.length === 0 ? undefined : median(perMessage);
}

export function learnRows(reports: readonly RunReport[]): MachineCosts["rowBytes"] {
  const tables = ["messages", "likes", "viewers"] as const;
  const entries = tables.flatMap((table) => {
    const found = reports.flatMap(({ figures }) => figures.filter(({ name }) => name === `postgres.${table}.rowBytes`));
    return found.length === 0 ? [] : [[table, median(found.map(({ value }) => value))] as const];
  });
  return Object.fromEntries(entries);
}

/** Of runs of the scenario `rest`, which tells the api's CPU of each call. */
export function learnPage(reports: readonly RunReport[]): number | undefined {
  const of = (call: string) =>
    reports
      .filter(({ scenario }) => scenario === "rest")
      .flatMap(({ steps }) => steps.flatMap(({ name, figures }) => (name === call ? (figures.apiCpuMicros ?? []) : [])));
  const [status, messages] = [of("GET status"), of("GET messages")];
  return status.length === 0 || messages.length === 0 ? undefined : median(status) + median(messages);
}
