/**
 * How far the model is off: a run is predicted from all the others. What was asked of it is given (sockets, joins and
 * messages of each moment); how many frames and bytes that made, and the CPU and memory it took, are predicted.
 */
import type { RunReport } from "../report/run-report.ts";
import { batchesOf } from "./batches.ts";
import type { Costs as BenchCosts } from "./costs.ts";
import { learnCosts, type MachineCosts } from "./machine-costs.ts";
import { v1ShareOf } from "./observe.ts";
import { predictGateway } from "./predict.ts";
import { roomsOf, textBytesOf } from "./report-options.ts";
import { ROLES, type RoleName, useOf } from "./roles.ts";
import { type ClusterWindow, clusterWindows, type GatewayWindow, gatewaysOf, gatewayWindows } from "./windows.ts";

export interface Checked {
  /** Such as `CPU of gateway-1`. */
  readonly figure: string;
  readonly unit: "s" | "bytes";
  readonly predicted: number;
  readonly measured: number;
  /** 0.12: 12 % too high. */
  readonly error: number;
}

/** Less was not worth measuring, and errors of it say nothing. */
const LEAST = { s: 1, bytes: 1_000_000 } as const;

/**
 * Empty where the run has no curves of a gateway, or nothing to compare. What depends on things that no other run did is
 * left out: the plan says of those that they are not measured, and predicts nothing either.
 */
export function checkRun(heldOut: RunReport, others: readonly RunReport[], bench?: BenchCosts): Checked[] {
  if (heldOut.scenario === "rest") return []; // its load is HTTP, of which the plan knows the api's part alone
  const costs = learnCosts(others, bench);
  const eventBytes = eventBytesFor(heldOut, costs);
  if (eventBytes === undefined) return [];
  const facts = { rooms: roomsOf(heldOut), v1Share: v1ShareOf(heldOut), eventBytes };
  const windows = gatewayWindows(heldOut);
  return [
    ...gatewaysOf(heldOut).flatMap((gateway) =>
      checkGateway(
        gateway,
        windows.filter((window) => window.gateway === gateway),
        facts,
        costs,
      ),
    ),
    ...ROLES.filter((role) => role !== "gateway").flatMap((role) => checkShared(role, clusterWindows(heldOut), windows, facts, costs)),
  ].filter(({ measured, unit }) => measured >= LEAST[unit]);
}

/** The length of the texts is an option of the run; where its texts differ, the mean of other runs stands for it. */
export function eventBytesFor(report: Pick<RunReport, "options">, costs: MachineCosts): number | undefined {
  const textBytes = textBytesOf(report);
  if (textBytes === undefined || costs.eventOverheadBytes === undefined) return costs.eventBytes;
  return textBytes + costs.eventOverheadBytes;
}

interface Facts {
  readonly rooms: number;
  readonly v1Share: number;
  readonly eventBytes: number;
}

/** Windows are of equal length, so that means of them are means of the run; core-seconds of the run are told. */
function checkGateway(gateway: string, windows: readonly GatewayWindow[], facts: Facts, costs: MachineCosts): Checked[] {
  const predictions = windows.map((window) => predictGateway({ ...window, ...facts }, costs));
  const seconds = windowSeconds(windows);
  const peak = Math.max(0, ...windows.map(({ sockets }) => sockets));
  const memory = costs.gatewayMemory;
  const seen = predictions.flatMap(({ use }) => (use === undefined || use.unknown.length > 0 ? [] : [use.cpu]));
  const measuredCpu = sum(windows.map(({ cpu }) => cpu)) * seconds;
  const checked = [
    ...(seen.length < windows.length ? [] : [compared(`CPU of ${gateway}`, "s", sum(seen) * seconds, measuredCpu)]),
    compared(
      `bytes sent by ${gateway}`,
      "bytes",
      sum(predictions.map(({ bytesOut }) => bytesOut)) * seconds,
      sum(windows.map(({ bytes }) => bytes)) * seconds,
    ),
  ];
  // A base of 0 is the benchmark's, which knows what a socket adds and nothing of the process.
  if (memory === undefined || memory.baseBytes === 0) return checked;
  const measured = Math.max(0, ...windows.map(({ rssBytes }) => rssBytes));
  return [...checked, compared(`memory of ${gateway}`, "bytes", memory.baseBytes + memory.perSocketBytes * peak, measured)];
}

function checkShared(
  role: Exclude<RoleName, "gateway">,
  cluster: readonly ClusterWindow[],
  windows: readonly GatewayWindow[],
  facts: Facts,
  costs: MachineCosts,
): Checked[] {
  const seconds = windowSeconds(windows);
  const pairs = cluster.flatMap((window) => {
    const names = Object.keys(window.cpu).filter((name) => name === role || name.startsWith(`${role}-`));
    if (names.length === 0 || costs.cpu[role] === undefined) return [];
    const gateways = windows.filter(({ fromSeconds }) => fromSeconds === window.fromSeconds);
    const loads = gateways.map((one) => predictGateway({ ...one, ...facts }, costs).load);
    const ofGateways = (driver: string) => sum(loads.map((load) => load[driver] ?? 0));
    const { accepted, joins, events } = window;
    // What is accepted is stored: rows are not given, they follow.
    const load = {
      idle: names.length,
      gateways: window.gateways,
      accepted,
      relayed: events,
      rows: accepted,
      batches: batchesOf(accepted, facts.rooms),
      joins,
      writes: ofGateways("writes"),
      bytes: ofGateways("bytes"),
    };
    const known = Object.fromEntries(Object.entries(load).filter(([driver]) => driver in (costs.cpu[role] ?? {})));
    const use = useOf(costs.cpu[role], known);
    return [{ use, measured: sum(names.map((name) => window.cpu[name] ?? 0)) }];
  });
  const isKnown = pairs.every(({ use }) => use !== undefined && use.unknown.length === 0);
  if (pairs.length === 0 || !isKnown) return [];
  return [
    compared(
      `CPU of ${role}`,
      "s",
      sum(pairs.map(({ use }) => use?.cpu ?? 0)) * seconds,
      sum(pairs.map(({ measured }) => measured)) * seconds,
    ),
  ];
}

function compared(figure: string, unit: Checked["unit"], predicted: number, measured: number): Checked {
  return { figure, unit, predicted, measured, error: measured === 0 ? 0 : predicted / measured - 1 };
}

function windowSeconds(windows: readonly GatewayWindow[]): number {
  const starts = [...new Set(windows.map(({ fromSeconds }) => fromSeconds))].toSorted((a, b) => a - b);
  return (starts[1] ?? 0) - (starts[0] ?? 0) || 1;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
