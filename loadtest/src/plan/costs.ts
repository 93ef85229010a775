/**
 * What things cost on the machine that was measured: the basis of a plan. `npm run bench` writes it beside its report
 * (`load-reports/costs.json`); every figure is the median of its turns. CPU is of a whole process, in microseconds.
 */
import Type, { type Static } from "typebox";

/** One rate at one number of sockets, on one gateway core. */
export const GatewayPoint = Type.Object({
  version: Type.Enum([1, 2]),
  sockets: Type.Integer({ minimum: 1 }),
  /** That came: beyond its limit a gateway delivers fewer than are published, and its CPU is of those. */
  messagesPerSecond: Type.Number(),
  /** Writes to a socket: frames that leave in one turn of the loop are one. */
  framesPerSecondAndSocket: Type.Number(),
  bytesPerFrame: Type.Number(),
  cpuMicrosPerDelivery: Type.Number(),
  /** Of the gateway's core, 0 to 1. */
  cpuShare: Type.Number(),
  p99Ms: Type.Number(),
});
export type GatewayPoint = Static<typeof GatewayPoint>;

export const Costs = Type.Object({
  format: Type.Literal(1),
  measuredAt: Type.String({ format: "date-time" }),
  machine: Type.Object({ cpus: Type.Integer(), model: Type.String(), kernel: Type.String(), node: Type.String(), redis: Type.String() }),
  /** Of one event as it stands in a frame. */
  eventBytes: Type.Number(),
  gateway: Type.Object({
    points: Type.Array(GatewayPoint),
    /** Deliveries a second that one core held with p99 below 200 ms. */
    maxDeliveriesPerSecond: Type.Number(),
    idleBytesPerSocket: Type.Number(),
    /** From the TCP connection to the `welcome`. */
    connectCpuMicros: Type.Number(),
  }),
  /** Accepting, storing in the log and publishing; the groups as the rate made them. */
  redis: Type.Object({ points: Type.Array(Type.Object({ messagesPerSecond: Type.Number(), cpuMicrosPerMessage: Type.Number() })) }),
});
export type Costs = Static<typeof Costs>;
