/**
 * The report of a run as it is written to disk: what was asked, on what, what came out, whether it counts. One schema for
 * writing, reading, comparing and drawing. Everything that a reader must know to repeat the run is in it.
 */
import Type, { type Static } from "typebox";
import { Certificate } from "../ledger/certificate.ts";

/** Percentiles of one thing that was timed, counted from the intended time, in milliseconds. */
export const LatencySummary = Type.Object({
  name: Type.String(),
  count: Type.Integer({ minimum: 0 }),
  p50: Type.Number(),
  p90: Type.Number(),
  p99: Type.Number(),
  p999: Type.Number(),
  max: Type.Number(),
});
export type LatencySummary = Static<typeof LatencySummary>;

/** A curve over the run: `[seconds since its start, value]`. `group` puts curves into one chart. */
export const Series = Type.Object({
  group: Type.Enum(["latency", "rate", "connections", "cpu", "memory", "loop_delay", "log_length", "writer_lag", "other"]),
  name: Type.String(),
  unit: Type.String(),
  points: Type.Array(Type.Tuple([Type.Number(), Type.Number()])),
});
export type Series = Static<typeof Series>;

/** A limit or setting that was lifted for the run. */
export const ChangedSetting = Type.Object({ name: Type.String(), value: Type.String(), why: Type.String() });
export type ChangedSetting = Static<typeof ChangedSetting>;

/** What the processes of the run cost: the basis of plans. */
export const ProcessCost = Type.Object({
  name: Type.String(),
  /** Seconds of CPU over the run. */
  cpuSeconds: Type.Number(),
  /** Highest resident memory, in bytes. */
  rssBytes: Type.Number(),
});
export type ProcessCost = Static<typeof ProcessCost>;

export const RunReport = Type.Object({
  format: Type.Literal(1),
  scenario: Type.Enum(["storm", "fanout", "night", "rest", "soak"]),
  startedAt: Type.String({ format: "date-time" }),
  seconds: Type.Number(),
  seed: Type.Integer(),
  /** The options of the command, as resolved. */
  options: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  target: Type.Object({
    kind: Type.Enum(["own", "url"]),
    url: Type.String(),
    gateways: Type.Integer({ minimum: 0 }),
    /** Such as `HAProxy 2.6`, or `none`. */
    balancer: Type.String(),
  }),
  machine: Type.Object({
    cpus: Type.Integer(),
    model: Type.String(),
    memoryBytes: Type.Number(),
    kernel: Type.String(),
    node: Type.String(),
    redis: Type.String(),
    postgres: Type.String(),
  }),
  changedSettings: Type.Array(ChangedSetting),
  /** Why the run proves nothing: the generator was the bottleneck, the machine stood still. Absent: it counts. */
  void: Type.Optional(Type.String()),
  generator: Type.Object({
    processes: Type.Integer(),
    /** Highest share of a core that one of its processes used over any second, 1 is a full core. */
    maxCpuShare: Type.Number(),
    loopDelayP99Ms: Type.Number(),
    /** Messages sent later than 100 ms after their intended time. */
    sentLate: Type.Integer(),
  }),
  /** Named figures of the scenario, such as `deliveries`, `peakConnections`, `reconnectedWithinMs`. */
  figures: Type.Array(Type.Object({ name: Type.String(), value: Type.Number(), unit: Type.String() })),
  latencies: Type.Array(LatencySummary),
  /** Rows of a ladder or of phases: a name and figures, the same in every row. */
  steps: Type.Array(Type.Object({ name: Type.String(), figures: Type.Record(Type.String(), Type.Number()) })),
  processes: Type.Array(ProcessCost),
  series: Type.Array(Series),
  certificate: Type.Optional(Certificate),
  /** What was found wrong besides the certificate, a sentence each: the run has failed. Absent: nothing was looked for. */
  faults: Type.Optional(Type.Array(Type.String())),
  notes: Type.Array(Type.String()),
});
export type RunReport = Static<typeof RunReport>;
