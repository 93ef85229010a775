/**
 * What went through this gateway, for ledgers of load runs: per live session the ids of the events that were taken from Redis
 * and of those that were handed to `app.publish`, each side in the order in which it happened. Off unless
 * GATEWAY_TRAIL_EVENTS says how many entries a side keeps: whoever wants them all asks before they are overwritten.
 *
 * Entries are `[id, sockets]`: how many sockets listened when it was handed over (0: to nobody; at `relayed` always 0).
 * Marks have `sockets` below 0 and a place of the sequence for an id: MARK_BEGIN, from behind there on everything is to be
 * expected (the room was opened, or reset, and had that much from history); MARK_END, nothing behind there is any more.
 * What a gateway sends to single sockets (welcome, resume, reset) is in none of this.
 */
import { randomUUID } from "node:crypto";
import { isRoomName, type RoomName, roomKind } from "@drawchat/protocol/ids";
import type { PrivateAnswer } from "@drawchat/runtime/private-server";

export const MARK_BEGIN = -1;
export const MARK_END = -2;

const SIDES = ["relayed", "handed1", "handed2"] as const;
/** `handed1` and `handed2`: to the sockets of version 1 and 2. */
export type TrailSide = (typeof SIDES)[number];

export type TrailEntry = readonly [id: number, sockets: number];

/** Entries of a side from `from` on (later than asked for where the ring has gone on), and where to ask next. */
export interface TrailSlice {
  readonly from: number;
  readonly next: number;
  readonly entries: readonly TrailEntry[];
}

/** So that an answer stays below a megabyte; who asks again gets the rest. */
const MAX_ENTRIES_AN_ANSWER = 20_000;

class TrailRing {
  readonly #ids: Float64Array;
  readonly #sockets: Int32Array;
  /** How many there ever were; the next one's position. */
  #next = 0;

  constructor(capacity: number) {
    this.#ids = new Float64Array(capacity);
    this.#sockets = new Int32Array(capacity);
  }

  push(id: number, sockets: number): void {
    const at = this.#next % this.#ids.length;
    this.#ids[at] = id;
    this.#sockets[at] = sockets;
    this.#next += 1;
  }

  slice(wanted: number): TrailSlice {
    const from = Math.min(this.#next, Math.max(wanted, this.#next - this.#ids.length));
    const next = Math.min(this.#next, from + MAX_ENTRIES_AN_ANSWER);
    const entries: TrailEntry[] = [];
    for (let i = from; i < next; i += 1) {
      const at = i % this.#ids.length;
      entries.push([this.#ids[at] ?? 0, this.#sockets[at] ?? 0]);
    }
    return { from, next, entries };
  }
}

export class RoomTrail {
  readonly #sides: Readonly<Record<TrailSide, TrailRing>>;

  constructor(capacity: number) {
    this.#sides = { relayed: new TrailRing(capacity), handed1: new TrailRing(capacity), handed2: new TrailRing(capacity) };
  }

  note(side: TrailSide, id: number, sockets: number): void {
    this.#sides[side].push(id, sockets);
  }

  begin(upto: number): void {
    for (const side of SIDES) this.note(side, upto, MARK_BEGIN);
  }

  /** What was taken from Redis and not handed to anybody yet will not be. */
  end(upto: number, flushedUpto: number): void {
    this.note("relayed", upto, MARK_END);
    this.note("handed1", flushedUpto, MARK_END);
    this.note("handed2", flushedUpto, MARK_END);
  }

  slices(positionOf: (side: TrailSide) => number): Record<TrailSide, TrailSlice> {
    const slice = (side: TrailSide) => this.#sides[side].slice(positionOf(side));
    return { relayed: slice("relayed"), handed1: slice("handed1"), handed2: slice("handed2") };
  }
}

/** All rooms' trails. A room that closes keeps its own: it may open again. */
export class Trails {
  readonly #capacity: number;
  readonly #rooms = new Map<RoomName, RoomTrail>();
  /** Another one: the gateway was started anew, and what it had not told is lost. */
  readonly #boot = randomUUID();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Undefined for rooms that are no live session: nobody measures those. */
  of(room: RoomName): RoomTrail | undefined {
    if (roomKind(room) !== "session") return undefined;
    const trail = this.#rooms.get(room) ?? new RoomTrail(this.#capacity);
    this.#rooms.set(room, trail);
    return trail;
  }

  /** `GET /trail?room=s42&relayed=0&handed1=0&handed2=0`: each side from that position on, 0 where it is not named. */
  answer(query: URLSearchParams): PrivateAnswer {
    const room = query.get("room") ?? "";
    const trail = isRoomName(room) ? this.#rooms.get(room) : undefined;
    const slices = (trail ?? new RoomTrail(1)).slices((side) => positionIn(query.get(side)));
    return { status: 200, type: "application/json", body: JSON.stringify({ boot: this.#boot, room, ...slices }) };
  }
}

function positionIn(text: string | null): number {
  const position = Number(text ?? 0);
  return Number.isSafeInteger(position) && position > 0 ? position : 0;
}
