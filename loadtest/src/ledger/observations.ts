/** What was seen of a room at each hop, as the taps and the workers tell it: all that a certificate is made from. */
import type { LoadEvent } from "./event-list.ts";
import type { GroupReceipts } from "./receipts-report.ts";
import type { RoomSends } from "./sends.ts";

/** Marks in a trail, as gateways write them: see `services/gateway/src/trail.ts`. */
export const MARK_BEGIN = -1;
export const MARK_END = -2;

/** An event and to how many sockets it was handed, or a place of the sequence and a mark. */
export type TrailEntry = readonly [id: number, sockets: number];

export interface GatewayTrail {
  readonly gateway: string;
  readonly relayed: readonly TrailEntry[];
  readonly handed1: readonly TrailEntry[];
  readonly handed2: readonly TrailEntry[];
}

export interface RoomObservations {
  readonly room: string;
  readonly sends: readonly RoomSends[];
  /** In the order of the log, what was seen twice twice; undefined where nobody could watch. */
  readonly logged: readonly LoadEvent[] | undefined;
  /** Accepted, but declared not to be shown live. */
  readonly sampled: ReadonlySet<number>;
  /** One a gateway that could be watched. */
  readonly trails: readonly GatewayTrail[];
  /** Of all workers. */
  readonly receipts: readonly GroupReceipts[];
  /** In order of their ids; undefined where nobody could watch. */
  readonly stored: readonly LoadEvent[] | undefined;
  /** Ids of accepted events that Postgres would not take, and that an operator can read. */
  readonly deadLetters: ReadonlySet<number>;
}
