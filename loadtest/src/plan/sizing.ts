/** How much of everything a night needs. Where nothing was measured, it is undefined: a guess would look like a figure. */
import { batchesOf } from "./batches.ts";
import type { MachineCosts } from "./machine-costs.ts";
import { MOMENTS, type Moment, momentLoad, type NightAsked, type Rows, rowsOf } from "./night-load.ts";
import { type GatewayUse, predictGateway } from "./predict.ts";
import { type Load, ROLES, type RoleName, type Use, useOf } from "./roles.ts";

export interface Hardware {
  /** Of one machine that runs gateways; a gateway uses one. */
  readonly coresPerMachine: number;
  /** Of its network card. */
  readonly networkGbit: number;
  /** How full a core may be, 0 to 1. */
  readonly full: number;
}

/** docs/operations.md plans this many in one gateway; its limit of files is above twice that. */
export const MAX_SOCKETS = 50_000;
/** The default of GATEWAY_HANDSHAKES_PER_SECOND. */
export const MAX_HANDSHAKES = 2_000;
/** Two million messages in ten minutes: what a room remembers to know repetitions. */
export const MAX_MESSAGES_PER_ROOM = 3_333;
/** History is kept so long, the memory for repetitions twice ten minutes, at 140 bytes a message. */
const HISTORY_SECONDS = 300;
const SEEN_SECONDS = 1_200;
const SEEN_BYTES = 140;
/** A message as a client sends it, around its text; a handshake with its token. */
const CLIENT_FRAME_BYTES = 110;
const HANDSHAKE_BYTES = 1_200;
const MAX_GATEWAYS = 100_000;

/** One thing that a gateway has a limit of, at one moment. */
export interface Pressure {
  readonly limit: "core" | "card" | "handshakes" | "sockets";
  readonly moment: Moment;
  /** 1: as much as is allowed. */
  readonly used: number;
}

export interface Sizing {
  /** Undefined: no number of them is enough, or nothing is known. */
  readonly gateways: number | undefined;
  /** No number of gateways carries this night. */
  readonly isTooMuch: boolean;
  readonly machines: number | undefined;
  /** What made one gateway fewer too few; with one alone, what is nearest to its limit. */
  readonly decides: Pressure | undefined;
  readonly atDraw: GatewayUse | undefined;
  readonly gatewayCpu: number | undefined;
  readonly gatewayBytes: number | undefined;
  readonly kernelBytesPerMachine: number | undefined;
  readonly networkOutPerMachine: number | undefined;
  readonly networkInPerMachine: number | undefined;
  readonly redisCpu: number | undefined;
  /** Processes that do something here whose cost no run showed, or none apart from another's: they may use more. */
  readonly atLeast: readonly RoleName[];
  readonly redisOut: number | undefined;
  readonly redisBytes: number | undefined;
  readonly shards: number | undefined;
  readonly writerCpu: number | undefined;
  readonly postgresCpu: number | undefined;
  readonly haproxyCpu: number | undefined;
  /** Of all apis, while the doors are open. */
  readonly apiCpu: number | undefined;
  readonly rowsPerSecond: number;
  readonly rows: Rows;
  /** In Postgres, of a night; undefined where one of its tables was not measured. */
  readonly rowsBytes: number | undefined;
}

/** `eventBytes` undefined: no run shows how large an event is, and nothing that depends on it is known. */
export function sizeNight(night: NightAsked, hardware: Hardware, costs: MachineCosts, eventBytes: number | undefined): Sizing {
  const isMeasured = costs.cpu.gateway !== undefined && eventBytes !== undefined;
  const gateways = isMeasured ? fewestGateways(night, hardware, { costs, eventBytes }) : undefined;
  const uses = gateways === undefined || eventBytes === undefined ? [] : usesOf(night, gateways, costs, eventBytes);
  const busiest = uses.toSorted((a, b) => cpuOf(b.use) - cpuOf(a.use))[0];
  const atDraw = uses.find(({ moment }) => moment === "draw")?.use;
  const onMachine = gatewaysOnMachine(gateways ?? 0, hardware, atDraw?.bytesOut ?? 0);
  const machines = gateways === undefined ? undefined : Math.ceil(gateways / onMachine);
  const sockets = gateways === undefined ? 0 : night.viewers / gateways;
  const { gatewayMemory, kernelBytesPerSocket } = costs;
  return {
    gateways,
    isTooMuch: isMeasured && gateways === undefined,
    machines,
    decides: gateways === undefined || eventBytes === undefined ? undefined : decisionOf(night, gateways, hardware, { costs, eventBytes }),
    atDraw,
    gatewayCpu: busiest === undefined ? undefined : cpuOf(busiest.use),
    gatewayBytes: gatewayMemory && gateways && gatewayMemory.baseBytes + gatewayMemory.perSocketBytes * sockets,
    kernelBytesPerMachine: kernelBytesPerSocket && gateways && kernelBytesPerSocket * sockets * onMachine,
    networkOutPerMachine: atDraw && atDraw.bytesOut * onMachine,
    networkInPerMachine: gateways === undefined || eventBytes === undefined ? undefined : bytesIn(night, gateways, eventBytes) * onMachine,
    ...sharedOf(night, hardware, costs, { gateways, eventBytes, atDraw, isGatewayLow: uses.some(({ use }) => isLow(use.use)) }),
    apiCpu: costs.pageMicros && (costs.pageMicros * momentLoad("doors", night, 1).joins) / 1_000_000,
    rows: rowsOf(night),
    rowsBytes: bytesOf(rowsOf(night), costs),
  };
}

/** As many as its cores and its card take; one at least. */
function gatewaysOnMachine(gateways: number, { coresPerMachine, ...card }: Hardware, bytesOut: number): number {
  const byCard = bytesOut === 0 ? coresPerMachine : Math.floor(cardBytes(card) / bytesOut);
  return Math.max(1, Math.min(gateways, coresPerMachine, byCard));
}

/** What the card of a machine may send in a second. */
function cardBytes({ networkGbit, full }: Pick<Hardware, "networkGbit" | "full">): number {
  return (networkGbit * 1e9 * full) / 8;
}

function bytesOf({ messages, likes, viewers }: Rows, { rowBytes }: MachineCosts): number | undefined {
  if (rowBytes.messages === undefined || rowBytes.likes === undefined || rowBytes.viewers === undefined) return undefined;
  return messages * rowBytes.messages + likes * rowBytes.likes + viewers * rowBytes.viewers;
}

type Shared = Pick<
  Sizing,
  "atLeast" | "redisCpu" | "redisOut" | "redisBytes" | "shards" | "writerCpu" | "postgresCpu" | "haproxyCpu" | "rowsPerSecond"
>;

interface Known {
  readonly gateways: number | undefined;
  readonly eventBytes: number | undefined;
  readonly atDraw: GatewayUse | undefined;
  /** At any moment: at the draw nobody joins. */
  readonly isGatewayLow: boolean;
}

/** It holds things that no run did, or none apart from others. */
function isLow(use: Use | undefined): boolean {
  return use !== undefined && use.unknown.length + use.merged.length > 0;
}

function sharedOf(night: NightAsked, { full }: Hardware, costs: MachineCosts, known: Known): Shared {
  const { gateways, eventBytes, atDraw, isGatewayLow } = known;
  const { accepted, shown } = momentLoad("draw", night, gateways ?? 1);
  const mean = accepted / night.burst;
  const relayed = gateways === undefined ? undefined : shown * gateways;
  const doors = momentLoad("doors", night, gateways ?? 1).joins;
  const through = atDraw && gateways ? { writes: (atDraw.load.writes ?? 0) * gateways, bytes: atDraw.bytesOut * gateways } : undefined;
  const stored = storedLoad(accepted, night);
  const use = (role: RoleName, load: Load | undefined) => load && useOf(costs.cpu[role], { idle: 1, ...load });
  const uses: Partial<Record<RoleName, Use | undefined>> = {
    redis: use("redis", relayed === undefined ? undefined : { gateways: gateways ?? 1, accepted, relayed }),
    writer: use("writer", stored),
    postgres: use("postgres", stored),
    haproxy: use("haproxy", through && { joins: doors, ...through }),
  };
  const redisCpu = uses.redis?.cpu;
  return {
    atLeast: ROLES.filter((role) => (role === "gateway" ? isGatewayLow : isLow(uses[role]))),
    redisCpu,
    redisOut: relayed === undefined || eventBytes === undefined ? undefined : relayed * eventBytes,
    redisBytes: costs.redisBytesPerMessage && mean * (costs.redisBytesPerMessage * HISTORY_SECONDS + SEEN_BYTES * SEEN_SECONDS),
    // A room is on one of them: more than there are rooms do nothing.
    shards: redisCpu === undefined ? undefined : Math.min(night.rooms, Math.max(1, Math.ceil(redisCpu / full))),
    writerCpu: uses.writer?.cpu,
    postgresCpu: uses.postgres?.cpu,
    haproxyCpu: uses.haproxy?.cpu,
    rowsPerSecond: accepted,
  };
}

/** Of the writers and Postgres. */
export function storedLoad(rowsPerSecond: number, { rooms }: NightAsked): Load {
  return { rows: rowsPerSecond, batches: batchesOf(rowsPerSecond, rooms) };
}

interface Measured {
  readonly costs: MachineCosts;
  readonly eventBytes: number;
}

function pressuresOf(night: NightAsked, gateways: number, hardware: Hardware, { costs, eventBytes }: Measured): Pressure[] {
  return [
    { limit: "sockets", moment: "draw", used: night.viewers / gateways / MAX_SOCKETS },
    ...usesOf(night, gateways, costs, eventBytes).flatMap(({ moment, use, load }): Pressure[] => [
      { limit: "core", moment, used: cpuOf(use) / hardware.full },
      { limit: "card", moment, used: use.bytesOut / cardBytes(hardware) },
      { limit: "handshakes", moment, used: load.joins / MAX_HANDSHAKES },
    ]),
  ];
}

function decisionOf(night: NightAsked, gateways: number, hardware: Hardware, measured: Measured): Pressure | undefined {
  const [strongest] = pressuresOf(night, Math.max(1, gateways - 1), hardware, measured).toSorted((a, b) => b.used - a.used);
  return pressuresOf(night, gateways, hardware, measured).find(
    ({ limit, moment }) => limit === strongest?.limit && moment === strongest.moment,
  );
}

/**
 * One alone has no comeback to serve, two have: one is looked at by itself. From two on more gateways never make one of them
 * busier, and the fewest that are enough are found by halving.
 */
function fewestGateways(night: NightAsked, hardware: Hardware, measured: Measured): number | undefined {
  const areEnough = (gateways: number) => pressuresOf(night, gateways, hardware, measured).every(({ used }) => used <= 1);
  if (areEnough(1)) return 1;
  if (!areEnough(MAX_GATEWAYS)) return undefined;
  let [tooFew, enough] = [1, MAX_GATEWAYS];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (areEnough(middle)) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

interface MomentUse {
  readonly moment: Moment;
  readonly use: GatewayUse;
  readonly load: { readonly joins: number };
}

/** Of one gateway at each moment. Where there is one alone, nobody takes its sockets. */
export function usesOf(night: NightAsked, gateways: number, costs: MachineCosts, eventBytes: number): MomentUse[] {
  return MOMENTS.filter((moment) => moment !== "comeback" || gateways > 1).map((moment) => {
    const { sockets, accepted, shown, joins } = momentLoad(moment, night, gateways);
    const serving = moment === "comeback" ? gateways - 1 : gateways;
    const duty = { rooms: night.rooms, v1Share: night.v1Share, events: shown, eventBytes };
    const load = { sockets: sockets / serving, joins: joins / serving, accepted: accepted / serving };
    return { moment, load, use: predictGateway({ ...duty, ...load }, costs) };
  });
}

function bytesIn(night: NightAsked, gateways: number, eventBytes: number): number {
  const { accepted, shown } = momentLoad("draw", night, gateways);
  const doors = momentLoad("doors", night, gateways).joins;
  return (accepted / gateways) * (CLIENT_FRAME_BYTES + night.textBytes) + shown * eventBytes + (doors / gateways) * HANDSHAKE_BYTES;
}

const cpuOf = ({ use }: GatewayUse) => use?.cpu ?? 0;
