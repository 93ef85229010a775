/**
 * The rooms with listeners on this gateway. The first listener subscribes the room's channel, the last one to leave
 * unsubscribes it. Also the beats: the tip checks, of sessions the viewers' count and who they are, Redis's clock.
 */
import type { LeftFrame } from "@drawchat/protocol/conversations";
import { type RoomKind, type RoomName, roomKind } from "@drawchat/protocol/ids";
import { isReady, onConnected } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { decodeControl, decodePublication, isControl } from "@drawchat/redis/publication";
import { renewRooms } from "@drawchat/redis/renew";
import type { Subscriber } from "@drawchat/redis/subscriber";
import { beatViewers } from "@drawchat/redis/viewers";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import { Audience } from "./audience.ts";
import type { Connection } from "./connection.ts";
import { LiveRoom, type LiveRoomDeps } from "./live-room.ts";
import type { RoomSide } from "./room-side.ts";
import { Seat } from "./seat.ts";
import { TipCheck } from "./tip-check.ts";

const TIP_CHECK_MS = 5_000;
/** So often that who was taken out of a conversation is out within 3 s, also where the publication of it was lost. */
const CONVERSATION_CHECK_MS = 2_000;
/** With what is stale after 12 s: a killed gateway's viewers are gone within 15 s. */
const VIEWERS_BEAT_MS = 2_000;
/** Well below the hour after which an idle conversation leaves Redis. */
const RENEWAL_MS = 600_000;
const NOT_OPENED_QUIET_MS = 5_000;
const VIEWERS_CHANGE_MS = 250;

type NotOpened = { kind: "unknown" } | { kind: "unavailable" };
type OpenAnswer = { kind: "open"; room: LiveRoom } | NotOpened;
/** `gone`: the socket closed meanwhile. */
export type JoinAnswer = { kind: "joined"; seat: Seat } | { kind: "gone" } | NotOpened;

export interface RoomsOptions extends Omit<LiveRoomDeps, "evict"> {
  subscriber: Subscriber;
  gatewayId: string;
  /** How long joins and leaves gather before they are reported. */
  audienceMs: number;
}

export class Rooms {
  readonly #options: RoomsOptions;
  readonly #roomDeps: LiveRoomDeps;
  readonly #log: Log;
  readonly #rooms = new Map<RoomName, LiveRoom>();
  readonly #opening = new Map<RoomName, Promise<OpenAnswer>>();
  readonly #viewersChanged = new Set<LiveRoom>();
  readonly #audience: Audience;
  readonly #stopped = new AbortController();
  readonly #tips: TipCheck;
  #reporting: Promise<void> = Promise.resolve();
  #notOpenedToldMs = Number.NEGATIVE_INFINITY;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#roomDeps = { ...options, evict: (seat) => this.evict(seat) };
    this.#log = options.log;
    this.#tips = new TipCheck({ redis: options.redis, clock: options.clock, stopped: this.#stopped.signal });
    this.#audience = new Audience({ redis: options.redis, gatewayId: options.gatewayId, find: (name) => this.#rooms.get(name) });
  }

  start(): void {
    const { redis, audienceMs } = this.#options;
    void this.#every(TIP_CHECK_MS, () => this.#tips.check(this.#ofKind("session")));
    void this.#every(CONVERSATION_CHECK_MS, () => this.#tips.check(this.#ofKind("conversation")));
    void this.#every(RENEWAL_MS, () => renewRooms(redis, [...this.#rooms.keys()]));
    void this.#every(VIEWERS_BEAT_MS, () => this.#beatViewers(this.#ofKind("session")));
    void this.#every(VIEWERS_CHANGE_MS, () => {
      const changed = [...this.#viewersChanged];
      this.#viewersChanged.clear();
      return this.#beatViewers(changed);
    });
    onConnected(redis, () => this.#audience.noteLoss());
    this.#reporting = this.#every(audienceMs, () => this.#audience.report());
  }

  /** Takes this gateway's viewers out of every room. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    const { redis, gatewayId } = this.#options;
    const sessions = this.#ofKind("session");
    const lastReport = this.#reporting.then(() => this.#audience.report()); // behind the one that may be under way
    await Promise.allSettled([lastReport, ...sessions.map((room) => beatViewers(redis, room.name, gatewayId, 0))]);
    for (const room of this.#rooms.values()) room.close();
  }

  all(): Iterable<LiveRoom> {
    return this.#rooms.values();
  }

  count(): Record<RoomKind, number> {
    const counts = { session: 0, conversation: 0, notes: 0 };
    for (const name of this.#rooms.keys()) counts[roomKind(name)] += 1;
    return counts;
  }

  /** The largest of all rooms that send at the moment. */
  get sweepShare(): number {
    let largest = 0;
    for (const room of this.#rooms.values()) largest = Math.max(largest, room.sweepShare);
    return largest;
  }

  #ofKind(kind: RoomSide["kind"]): LiveRoom[] {
    return [...this.#rooms.values()].filter((room) => room.side.kind === kind);
  }

  isOpen(name: RoomName): boolean {
    return this.#rooms.has(name);
  }

  /**
   * A seat for this connection in the room, which is live then; `unknown` also where `mayEnter` says no, as if there were
   * no such room. Never rejects.
   */
  async join(name: RoomName, connection: Connection, userId: number, mayEnter: (side: RoomSide) => boolean): Promise<JoinAnswer> {
    for (;;) {
      const answer = await this.#open(name);
      if (answer.kind !== "open") return answer;
      const { room } = answer;
      // Who was let in a moment ago may be ahead of what this gateway heard of it.
      if (!mayEnter(room.side)) await room.refreshPolicy();
      // Somebody else's leaving may have closed it since: then it is opened again.
      if (connection.isAlive && this.#rooms.get(name) !== room) continue;
      if (connection.isAlive && mayEnter(room.side)) return { kind: "joined", seat: this.#enter(room, connection, userId) };
      // Opened for one who is gone or may not be here: nobody else would close it.
      this.#closeIfEmpty(room);
      return { kind: connection.isAlive ? "unknown" : "gone" };
    }
  }

  #enter(room: LiveRoom, connection: Connection, userId: number): Seat {
    const seat = new Seat(connection, room, userId);
    connection.seats = connection.seats.concat(seat); // spread into a list it would have room for sixteen more
    room.sockets.add(seat);
    if (room.side.kind === "session") this.#viewersChanged.add(room);
    return seat;
  }

  /** The seat may stay: its user is one of those that Postgres hears of. */
  admit({ room, userId }: Seat): void {
    this.#audience.noteJoin(room.name, userId);
  }

  leave(seat: Seat): void {
    const { room, connection, userId } = seat;
    seat.pause();
    connection.seats = connection.seats.filter((other) => other !== seat);
    const isLastOfUser = room.sockets.remove(seat);
    if (room.side.kind === "session") {
      if (isLastOfUser) this.#audience.noteLeave(room.name, userId);
      this.#viewersChanged.add(room);
    }
    this.#closeIfEmpty(room);
  }

  /** Its user may not be in the room any more. */
  evict(seat: Seat): void {
    this.leave(seat);
    seat.connection.send(JSON.stringify({ type: "left", room: seat.room.name, reason: "removed" } satisfies LeftFrame));
  }

  #closeIfEmpty(room: LiveRoom): void {
    if (room.sockets.seats.size === 0 && this.#rooms.get(room.name) === room) this.#close(room);
  }

  #open(name: RoomName): Promise<OpenAnswer> {
    const room = this.#rooms.get(name);
    if (room !== undefined) return Promise.resolve({ kind: "open", room });
    const running = this.#opening.get(name);
    if (running !== undefined) return running;
    const opening = this.#openCold(name).finally(() => this.#opening.delete(name));
    this.#opening.set(name, opening);
    return opening;
  }

  /** Subscribe first, then read: what is published in between waits in the room and is merged by id. */
  async #openCold(name: RoomName): Promise<OpenAnswer> {
    const room = new LiveRoom(name, this.#roomDeps);
    try {
      await this.#options.subscriber.subscribe(keys.channel(name), {
        onMessage: (bytes) => this.#onMessage(room, bytes),
        // What was published while it was not heard is a hole.
        onRestored: () => void (this.#rooms.get(name) === room && room.repair("the subscription was away")),
      });
      if (await room.open()) {
        this.#rooms.set(name, room);
        this.#tell(room, "room opened");
        return { kind: "open", room };
      }
      this.#drop(room);
      return { kind: "unknown" };
    } catch (error) {
      this.#noteNotOpened(name, error);
      this.#drop(room);
      return { kind: "unavailable" };
    }
  }

  /** A storm of joins while Redis is away is one line every five seconds, and a count. */
  #noteNotOpened(name: RoomName, error: unknown): void {
    this.#options.metrics.roomsNotOpened.inc();
    const nowMs = performance.now();
    if (nowMs - this.#notOpenedToldMs < NOT_OPENED_QUIET_MS) return;
    this.#notOpenedToldMs = nowMs;
    this.#log.warn({ component: "live_chat", room: name, err: error }, "rooms cannot be opened, joiners are sent away");
  }

  #close(room: LiveRoom): void {
    this.#rooms.delete(room.name);
    this.#viewersChanged.delete(room);
    this.#drop(room);
    this.#tell(room, "room closed, nobody listens here");
    if (room.side.kind === "session") void this.#beatViewers([room]);
  }

  /** Conversations come and go all day. */
  #tell({ name, side }: LiveRoom, what: string): void {
    this.#log[side.kind === "session" ? "info" : "debug"]({ component: "live_chat", room: name }, what);
  }

  #drop(room: LiveRoom): void {
    room.close();
    this.#options.subscriber.unsubscribe(keys.channel(room.name));
  }

  #onMessage(room: LiveRoom, bytes: Buffer): void {
    try {
      if (isControl(bytes)) {
        const publication = decodeControl(bytes);
        if (publication !== undefined) room.onControl(publication.control);
      } else room.onPublication(decodePublication(bytes));
    } catch (error) {
      this.#log.error({ component: "live_chat", room: room.name, err: error }, "publication not understood");
    }
  }

  async #beatViewers(rooms: readonly LiveRoom[]): Promise<void> {
    const { redis, gatewayId } = this.#options;
    if (!isReady(redis)) return;
    await Promise.allSettled(rooms.map((room) => beatViewers(redis, room.name, gatewayId, room.sockets.viewers)));
  }

  /** One after another, never overlapping, until the stop; a failure is said once it lasts. */
  async #every(ms: number, task: () => Promise<void>): Promise<void> {
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      await sleep(ms, this.#stopped.signal);
      try {
        await task();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 2) this.#log.warn({ component: "live_chat", err: error }, "beat fails, retrying");
      }
    }
  }
}
