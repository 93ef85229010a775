/** Observations of each role, from the windows of reports and from the points of the benchmark. */
import type { RunReport } from "../report/run-report.ts";
import { batchesOf } from "./batches.ts";
import type { Costs as BenchCosts } from "./costs.ts";
import { optionOf, roomsOf } from "./report-options.ts";
import type { Observation, RoleName } from "./roles.ts";
import { type ClusterWindow, clusterWindows, type GatewayWindow, gatewayWindows } from "./windows.ts";

/** Share of the sockets that speak version 1. */
export function v1ShareOf(report: RunReport): number {
  return Math.min(1, Math.max(0, optionOf(report, "v1Share", "v1") ?? 0));
}

export function observationsOf(role: RoleName, reports: readonly RunReport[], bench: BenchCosts | undefined): Observation[] {
  const own = reports.flatMap((report) => {
    if (role === "gateway") return gatewayWindows(report).map((window) => gatewayObservation(window, v1ShareOf(report)));
    // What answers to HTTP cost Redis, Postgres and the balancer is in none of these sums.
    if (report.scenario === "rest") return [];
    return clusterWindows(report).flatMap((window) => clusterObservation(role, window, report));
  });
  // The benchmark's messages come in groups of one caller, which costs Redis a third; a night's come from many gateways, one by one.
  if (bench === undefined || (role === "redis" && own.length > 0)) return own;
  return [...own, ...benchObservations(role, bench)];
}

function gatewayObservation(window: GatewayWindow, v1Share: number): Observation {
  const { sockets, joins, bytes, events, accepted, cpu } = window;
  const load = { idle: 1, sockets, joins, ...writesOf(window, v1Share), bytes, events, accepted };
  return { load, cpuMicros: cpu * 1_000_000 };
}

/**
 * Frames of version 1 are one an event, but leave in the writes of a tick, like one of version 2: where nobody speaks
 * version 2, how many writes these were is not known, and each frame stands for one.
 */
export function writesOf(
  { frames, delivered }: Pick<GatewayWindow, "frames" | "delivered">,
  v1Share: number,
): { writes: number; v1Frames: number } {
  const v1Frames = Math.min(frames, v1Share * delivered);
  const ofV2 = frames - v1Frames;
  return { writes: v1Share < 0.95 ? ofV2 / (1 - v1Share) : frames, v1Frames };
}

function clusterObservation(role: Exclude<RoleName, "gateway">, window: ClusterWindow, report: RunReport): Observation[] {
  const names = Object.keys(window.cpu).filter((name) => name === role || name.startsWith(`${role}-`));
  if (names.length === 0) return [];
  const cpuMicros = names.reduce((sum, name) => sum + (window.cpu[name] ?? 0), 0) * 1_000_000;
  const delivered = window.gateways === 0 ? 0 : (window.events / window.gateways) * window.sockets;
  const { accepted, events, joins, rows, frames, bytes } = window;
  const stored = { rows, batches: batchesOf(rows, roomsOf(report)) };
  const loads = {
    redis: { gateways: window.gateways, accepted, relayed: events },
    writer: stored,
    postgres: stored,
    haproxy: { joins, writes: writesOf({ frames, delivered }, v1ShareOf(report)).writes, bytes },
  };
  return [{ load: { idle: names.length, ...loads[role] }, cpuMicros }];
}

function benchObservations(role: RoleName, { gateway, redis }: BenchCosts): Observation[] {
  if (role === "gateway") {
    return gateway.points.map(({ version, sockets, messagesPerSecond, framesPerSecondAndSocket, bytesPerFrame, cpuMicrosPerDelivery }) => {
      const writes = sockets * framesPerSecondAndSocket;
      const v1Frames = version === 1 ? sockets * messagesPerSecond : 0;
      const load = { idle: 1, sockets, writes, bytes: writes * bytesPerFrame, v1Frames, events: messagesPerSecond };
      return { load, cpuMicros: cpuMicrosPerDelivery * sockets * messagesPerSecond };
    });
  }
  if (role !== "redis") return [];
  return redis.points.map(({ messagesPerSecond, cpuMicrosPerMessage }) => ({
    load: { idle: 1, gateways: 1, accepted: messagesPerSecond, relayed: messagesPerSecond },
    cpuMicros: cpuMicrosPerMessage * messagesPerSecond,
  }));
}
