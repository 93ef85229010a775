/** From what is asked of a gateway to what it does and uses. */
import { BATCH_FRAME_BYTES, framesOf } from "./frames.ts";
import { type MachineCosts, writeCost } from "./machine-costs.ts";
import { type Load, type Use, useOf } from "./roles.ts";

/** What is asked of one gateway; joins, events and accepted are a second. */
export interface Duty {
  readonly sockets: number;
  /** Rooms that its sockets are in, evenly. */
  readonly rooms: number;
  readonly v1Share: number;
  readonly joins: number;
  /** Of all its rooms. */
  readonly events: number;
  /** Messages of its own sockets. */
  readonly accepted: number;
  readonly eventBytes: number;
}

export interface GatewayUse {
  readonly load: Load;
  readonly use: Use | undefined;
  readonly tickMs: number;
  /** To sockets, a second, without TLS and the headers of TCP. */
  readonly bytesOut: number;
}

export function predictGateway(duty: Duty, costs: MachineCosts): GatewayUse {
  const { sockets, rooms, v1Share, joins, events, accepted, eventBytes } = duty;
  const room = { sockets: sockets / rooms, eventsPerSecond: events / rooms, eventBytes };
  const { perSecond, tickMs } = framesOf(room, writeCost(costs.cpu.gateway));
  const writesPerSocket = perSecond + (events > 0 ? costs.otherFramesPerSocket : 0);
  const writes = sockets * writesPerSocket;
  // Every socket of a room gets all events of that room.
  const delivered = (sockets * events) / rooms;
  const bytesOut = writes * (1 - v1Share) * BATCH_FRAME_BYTES + delivered * eventBytes + joins * (costs.welcomeBytes ?? 0);
  const load = { idle: 1, sockets, joins, writes, bytes: bytesOut, v1Frames: v1Share * delivered, events, accepted };
  return { load, use: useOf(costs.cpu.gateway, load), tickMs, bytesOut };
}
