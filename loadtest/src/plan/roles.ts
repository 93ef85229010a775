/**
 * What the CPU of each process depends on. A process's use is a sum: so much while it idles, and so much for each thing
 * that it does a second. The costs of these things are found from the windows of measured runs (least squares, relative
 * errors), so a run of any scenario teaches something, and what no run did stays unknown instead of being guessed.
 *
 * - gateway: an open socket (sweeps, beats), a join (handshake, token, history), a write to a socket (the system call: most
 *   of a live chat's cost), a byte of it, a v1 frame (its own header in the write), an event from Redis (header read, kept
 *   in the ring), an accepted message (check, script call, ack).
 * - redis: a gateway that is there (its beats and looks), an accepted message (script, log, history), and each event handed to
 *   each gateway.
 * - writer, postgres: a batch, and a row in it.
 * - haproxy: a socket's join, and what passes through it: writes and bytes.
 */
export const DRIVERS = {
  gateway: ["idle", "sockets", "joins", "writes", "bytes", "v1Frames", "events", "accepted"],
  redis: ["idle", "gateways", "accepted", "relayed"],
  writer: ["idle", "batches", "rows"],
  postgres: ["idle", "batches", "rows"],
  haproxy: ["idle", "joins", "writes", "bytes"],
} as const;

export type RoleName = keyof typeof DRIVERS;
export const ROLES: readonly RoleName[] = ["gateway", "redis", "writer", "postgres", "haproxy"];

/** A second; `idle` is 1 a process. */
export type Load = Readonly<Record<string, number>>;

export interface Observation {
  readonly load: Load;
  readonly cpuMicros: number;
}

/**
 * Microseconds of CPU for one of each. Undefined: no run did it. `merged`: it always came in proportion to another thing,
 * whose cost holds both; right while that proportion stays, and not where it changes.
 */
export type Costs = Readonly<Record<string, number | "merged" | undefined>>;

export function microsOf(costs: Costs | undefined, driver: string): number {
  const cost = costs?.[driver];
  return typeof cost === "number" ? cost : 0;
}

/** In words, for a table. */
export const DRIVER_WORDS: Readonly<Record<string, string>> = {
  idle: "each second, idle",
  sockets: "a second of an open socket",
  gateways: "a second of a gateway that is there",
  joins: "a join",
  writes: "a write to a socket",
  bytes: "a byte written",
  v1Frames: "a frame of version 1",
  events: "an event from Redis",
  accepted: "an accepted message",
  relayed: "an event handed to a gateway",
  batches: "a batch stored",
  rows: "a row stored",
};

export interface Use {
  /** Cores. */
  readonly cpu: number;
  /** Things in the load that no run did: the use is too low by them. */
  readonly unknown: readonly string[];
  readonly merged: readonly string[];
}

export function useOf(costs: Costs | undefined, load: Load): Use | undefined {
  if (costs === undefined) return undefined;
  const asked = Object.entries(load).filter(([, amount]) => amount > 0);
  const drivers = asked.map(([driver]) => driver);
  return {
    cpu: asked.reduce((sum, [driver, amount]) => sum + microsOf(costs, driver) * amount, 0) / 1_000_000,
    unknown: drivers.filter((driver) => costs[driver] === undefined),
    merged: drivers.filter((driver) => costs[driver] === "merged"),
  };
}
