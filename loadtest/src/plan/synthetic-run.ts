/** Reports of runs on a machine whose costs are known, for tests: what is learned from them can be compared with the truth. */
import { Curves } from "../report/curves.ts";
import type { RunReport, Series } from "../report/run-report.ts";
import { sampleReport } from "../report/sample-report.ts";
import { batchesOf } from "./batches.ts";
import type { MachineCosts } from "./machine-costs.ts";
import { type Duty, type GatewayUse, predictGateway } from "./predict.ts";
import { useOf } from "./roles.ts";

export const TRUTH: MachineCosts = {
  cpu: {
    gateway: { idle: 4_000, sockets: 0.4, joins: 180, writes: 5, bytes: 0.0008, v1Frames: 0.5, events: 6, accepted: 35 },
    redis: { idle: 3_000, gateways: 400, accepted: 22, relayed: 2 },
    writer: { idle: 6_000, batches: 1_500, rows: 30 },
    postgres: { idle: 2_000, batches: 900, rows: 25 },
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

/** One second of a run, over all gateways. */
interface Moment {
  readonly seconds: number;
  readonly sockets: number;
  readonly joins: number;
  readonly messages: number;
  /** Messages since the start. */
  readonly accepted: number;
}

const BEFORE: Moment = { seconds: 0, sockets: 0, joins: 0, messages: 0, accepted: 0 };

/** Without noise: each curve is what the costs say. */
export function syntheticRun(run: Run, truth = TRUTH): RunReport {
  const { scenario, startedAt, textBytes, gateways = 2, v1 = 0, rooms = 1 } = run;
  const curves = new Curves();
  const note: Note = (group, name, seconds, value) => curves.note({ group, name, unit: "", seconds, value });
  const moments = momentsOf(run.steps);
  noteMemory(note, BEFORE, truth);
  for (const moment of moments) {
    const duty = {
      sockets: moment.sockets / gateways,
      rooms,
      v1Share: v1,
      joins: moment.joins / gateways,
      events: moment.messages,
      accepted: moment.messages / gateways,
      eventBytes: textBytes + (truth.eventOverheadBytes ?? 0),
    };
    const use = predictGateway(duty, truth);
    for (let n = 1; n <= gateways; n += 1) noteGateway(note, { name: `gateway-${n}`, seconds: moment.seconds, duty, use }, truth);
    noteOthers(note, moment, { gateways, rooms, use }, truth);
    noteMemory(note, moment, truth);
  }
  const accepted = (moments.at(-1)?.accepted ?? 0) / gateways;
  const figures = [
    ...Array.from({ length: gateways }, (_, n) => ({ name: `gateway-${n + 1}.accepted`, value: accepted, unit: "" })),
    ...Object.entries(truth.rowBytes).map(([table, value]) => ({ name: `postgres.${table}.rowBytes`, value, unit: "bytes" })),
  ];
  return sampleReport({ scenario, startedAt, options: { messageBytes: textBytes, v1, rooms }, series: curves.take(), figures });
}

type Note = (group: Series["group"], name: string, seconds: number, value: number) => void;

function momentsOf(steps: readonly Step[]): Moment[] {
  const moments: Moment[] = [];
  let last = BEFORE;
  for (const step of steps) {
    const change = (step.sockets - last.sockets) / step.seconds;
    for (let n = 0; n < step.seconds; n += 1) {
      last = {
        seconds: last.seconds + 1,
        sockets: last.sockets + change,
        joins: Math.max(0, change),
        messages: step.messages,
        accepted: last.accepted + step.messages,
      };
      moments.push(last);
    }
  }
  return moments;
}

interface GatewaySecond {
  readonly name: string;
  readonly seconds: number;
  readonly duty: Duty;
  readonly use: GatewayUse;
}

function noteGateway(note: Note, { name, seconds, duty, use }: GatewaySecond, { gatewayMemory }: MachineCosts): void {
  const { writes = 0, v1Frames = 0 } = use.load;
  note("connections", name, seconds, duty.sockets);
  note("cpu", name, seconds, use.use?.cpu ?? 0);
  note("memory", name, seconds, (gatewayMemory?.baseBytes ?? 0) + (gatewayMemory?.perSocketBytes ?? 0) * duty.sockets);
  note("rate", `${name} delivered`, seconds, (duty.sockets * duty.events) / duty.rooms);
  note("rate", `${name} accepted`, seconds, duty.accepted);
  note("rate", `${name} framesSent`, seconds, writes * (1 - duty.v1Share) + v1Frames);
  note("rate", `${name} bytesSent`, seconds, use.bytesOut);
}

function noteOthers(
  note: Note,
  { seconds, messages, joins }: Moment,
  { gateways, rooms, use }: { gateways: number; rooms: number; use: GatewayUse },
  { cpu }: MachineCosts,
): void {
  const drivers = {
    idle: 1,
    gateways,
    accepted: messages,
    relayed: messages * gateways,
    rows: messages,
    batches: batchesOf(messages, rooms),
    joins,
    writes: (use.load.writes ?? 0) * gateways,
    bytes: use.bytesOut * gateways,
  };
  for (const role of ["redis", "writer", "postgres", "haproxy"] as const) {
    const known = Object.fromEntries(Object.entries(drivers).filter(([driver]) => driver in (cpu[role] ?? {})));
    note("cpu", role === "writer" ? "writer-1" : role, seconds, useOf(cpu[role], known)?.cpu ?? 0);
  }
  note("rate", "writer-1 rows", seconds, messages);
}

function noteMemory(
  note: Note,
  { seconds, sockets, accepted }: Moment,
  { kernelBytesPerSocket, redisBytesPerMessage }: MachineCosts,
): void {
  note("memory", "kernel (slab and TCP buffers)", seconds, 50e6 + 4 * sockets * (kernelBytesPerSocket ?? 0));
  note("memory", "Redis data", seconds, 2e6 + accepted * (redisBytesPerMessage ?? 0));
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
