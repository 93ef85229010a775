/** Reports of runs on a machine whose costs are known, for tests: what is learned from them can be compared with the truth. */
import type { RunReport, Series } from "../report/run-report.ts";
import { sampleReport } from "../report/sample-report.ts";
import type { MachineCosts } from "./machine-costs.ts";
import { predictGateway } from "./predict.ts";
import { useOf } from "./roles.ts";

export const TRUTH: MachineCosts = {
  cpu: {
    gateway: { idle: 4_000, sockets: 0.4, joins: 180, writes: 5, bytes: 0.0008, v1Frames: 0.5, events: 6, accepted: 35 },
    redis: { idle: 3_000, accepted: 22, relayed: 2 },
    writer: { idle: 6_000, rows: 30 },
    postgres: { idle: 2_000, rows: 25 },
    haproxy: { idle: 1_000, joins: 90, writes: 9, bytes: 0.001 },
  },
  gatewayMemory: { baseBytes: 90e6, perSocketBytes: 1_100 },
  kernelBytesPerSocket: 4_800,
  eventOverheadBytes: 220,
  eventBytes: 300,
  otherFramesPerSocket: 4,
  welcomeBytes: 12_000,
  redisBytesPerMessage: 700,
  rowBytes: { messages: 400, likes: 150, viewers: 130 },
  pageMicros: 140,
  maxDeliveriesPerSecond: undefined,
};

export interface Step {
  readonly seconds: number;
  /** At its end; moves evenly towards it. */
  readonly sockets: number;
  readonly messages: number;
}

interface Run {
  readonly scenario: RunReport["scenario"];
  readonly startedAt: string;
  readonly textBytes: number;
  readonly gateways?: number;
  readonly v1?: number;
  readonly rooms?: number;
  readonly steps: readonly Step[];
}

/** Without noise: each curve is what the costs say. */
export function syntheticRun({ scenario, startedAt, textBytes, gateways = 2, v1 = 0, rooms = 1, steps }: Run, truth = TRUTH): RunReport {
  const series = new Map<string, Series>();
  const note = (group: Series["group"], name: string, second: number, value: number) => {
    const key = `${group} ${name}`;
    const curve = series.get(key) ?? { group, name, unit: "", points: [] };
    curve.points.push([second, value]);
    series.set(key, curve);
  };
  let [second, sockets, acceptedSoFar] = [0, 0, 0];
  note("memory", "kernel (slab and TCP buffers)", 0, 50e6);
  note("memory", "Redis data", 0, 2e6);
  for (const step of steps) {
    const joins = Math.max(0, step.sockets - sockets) / step.seconds;
    const change = (step.sockets - sockets) / step.seconds;
    for (let n = 0; n < step.seconds; n += 1) {
      second += 1;
      sockets += change;
      acceptedSoFar += step.messages;
      const duty = {
        sockets: sockets / gateways,
        rooms,
        v1Share: v1,
        joins: joins / gateways,
        events: step.messages,
        accepted: step.messages / gateways,
      };
      const { load, use, bytesOut } = predictGateway({ ...duty, eventBytes: textBytes + (truth.eventOverheadBytes ?? 0) }, truth);
      const { writes = 0, v1Frames = 0 } = load;
      for (let gateway = 1; gateway <= gateways; gateway += 1) {
        const name = `gateway-${gateway}`;
        note("connections", name, second, duty.sockets);
        note("cpu", name, second, use?.cpu ?? 0);
        note("memory", name, second, (truth.gatewayMemory?.baseBytes ?? 0) + (truth.gatewayMemory?.perSocketBytes ?? 0) * duty.sockets);
        note("rate", `${name} delivered`, second, (duty.sockets * step.messages) / rooms);
        note("rate", `${name} accepted`, second, duty.accepted);
        note("rate", `${name} framesSent`, second, writes * (1 - v1) + v1Frames);
        note("rate", `${name} bytesSent`, second, bytesOut);
      }
      const cluster = {
        idle: 1,
        accepted: step.messages,
        relayed: step.messages * gateways,
        rows: step.messages,
        joins,
        writes: writes * gateways,
        bytes: bytesOut * gateways,
      };
      for (const role of ["redis", "writer", "postgres", "haproxy"] as const) {
        const known = Object.fromEntries(Object.entries(cluster).filter(([driver]) => driver in (truth.cpu[role] ?? {})));
        note("cpu", role === "writer" ? "writer-1" : role, second, useOf(truth.cpu[role], known)?.cpu ?? 0);
      }
      note("rate", "writer-1 rows", second, step.messages);
      note("memory", "kernel (slab and TCP buffers)", second, 50e6 + 4 * sockets * (truth.kernelBytesPerSocket ?? 0));
      note("memory", "Redis data", second, 2e6 + acceptedSoFar * (truth.redisBytesPerMessage ?? 0));
    }
  }
  const figures = Array.from({ length: gateways }, (_, n) => ({
    name: `gateway-${n + 1}.accepted`,
    value: acceptedSoFar / gateways,
    unit: "",
  }));
  for (const table of ["messages", "likes", "viewers"] as const) {
    figures.push({ name: `postgres.${table}.rowBytes`, value: truth.rowBytes[table] ?? 0, unit: "bytes" });
  }
  return sampleReport({ scenario, startedAt, options: { messageBytes: textBytes, v1, rooms }, series: [...series.values()], figures });
}

/** As a ladder of rates, a storm and a night would be. */
export function syntheticRuns(): [fanout: RunReport, storm: RunReport, night: RunReport] {
  const rates = [10, 50, 200, 400, 1_000, 2_000].map((messages) => ({ seconds: 15, sockets: 4_000, messages }));
  return [
    syntheticRun({
      scenario: "fanout",
      startedAt: "2026-05-01T20:00:00.000Z",
      textBytes: 80,
      steps: [{ seconds: 20, sockets: 4_000, messages: 0 }, ...rates],
    }),
    syntheticRun({
      scenario: "storm",
      startedAt: "2026-05-01T21:00:00.000Z",
      textBytes: 180,
      v1: 0.25,
      steps: [
        { seconds: 40, sockets: 9_000, messages: 50 },
        { seconds: 20, sockets: 9_000, messages: 50 },
        { seconds: 5, sockets: 100, messages: 0 },
        { seconds: 20, sockets: 9_000, messages: 50 },
      ],
    }),
    syntheticRun({
      scenario: "night",
      startedAt: "2026-05-01T22:00:00.000Z",
      textBytes: 60,
      v1: 0.4,
      steps: [
        { seconds: 30, sockets: 2_000, messages: 5 },
        { seconds: 30, sockets: 6_000, messages: 30 },
        { seconds: 20, sockets: 6_000, messages: 300 },
        { seconds: 30, sockets: 3_000, messages: 20 },
      ],
    }),
  ];
}
