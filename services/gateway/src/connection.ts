/**
 * One socket. uWebSockets throws on any call to a closed socket, so every call goes through here; frames are handled
 * one after another, and wait (bounded) while one of them must ask somebody else first.
 */
import type { Identity } from "@drawchat/auth/claims";
import type { UserRole } from "@drawchat/protocol/conversations";
import { CLOSE, type CloseName, type ErrorCode } from "@drawchat/protocol/errors";
import type { RoomName } from "@drawchat/protocol/ids";
import type { SeenUser } from "@drawchat/protocol/internal";
import { FrameBudget } from "./frame-budget.ts";
import type { Handshake, SocketPath } from "./handshake.ts";
import { type ErrorExtra, errorFrame } from "./room-frames.ts";
import type { Seat } from "./seat.ts";

/** What a connection needs of uWebSockets' socket. */
export interface Wire {
  send(message: Buffer | string, isBinary: boolean): number;
  end(code: number, reason: string): void;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
  getBufferedAmount(): number;
}

const DROPPED = 2;
const NO_SEATS: readonly Seat[] = [];
/** What waits for the token and the room. */
const WAITING_MAX = { frames: 8, bytes: 16_384 };
/** What waits behind a question to the api: a client that resends its outbox sends as much as the frame budget lets it. */
const WAITING_MAX_JOINED = { frames: 60, bytes: 262_144 };

export interface ConnectionEvents {
  onClose: (code: number) => void;
  onDropped: () => void;
  /** Bytes of text; of a string, its characters. */
  onSent: (bytes: number) => void;
}

export class Connection {
  readonly version: 1 | 2;
  readonly kind: SocketPath["kind"];
  readonly budget = new FrameBudget();
  /** Monotonic; whole, because a fraction would be an object of its own. */
  readonly openedMs = Math.floor(performance.now());
  identity: Identity | undefined;
  /** How its user is shown in conversations; undefined on a live chat's socket. */
  profile: SeenUser | undefined;
  /** Changed as a whole: who goes through it may take seats away meanwhile. */
  seats: readonly Seat[] = NO_SEATS;
  /** v2: `hello` was answered. v1: subscribed. */
  isGreeted = false;
  isExpiryTold = false;
  slowSinceMs: number | undefined;
  /** When its session is over, the sockets go one by one: this one at this time (monotonic ms). */
  leavesAtMs: number | undefined;
  readonly #wire: Wire;
  readonly #events: ConnectionEvents;
  #isAlive = true;
  #isBusy = true; // until the token is verified
  #isQuiet = false;
  /** There only while something waits: a million sockets stand idle. */
  #waiting: Buffer[] | undefined;
  #waitingBytes = 0;

  constructor(wire: Wire, { version, path }: Handshake, events: ConnectionEvents) {
    this.#wire = wire;
    this.#events = events;
    this.version = version;
    this.kind = path.kind;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get userId(): number | undefined {
    return this.identity?.userId;
  }

  /** In conversations. */
  get role(): UserRole {
    return this.profile?.role ?? "customer";
  }

  seatIn(room: RoomName): Seat | undefined {
    return this.seats.find((seat) => seat.room.name === room);
  }

  send(message: Buffer | string): void {
    if (!this.#isAlive) return;
    this.#events.onSent(message.length);
    // A dropped frame would be a hole: closeOnBackpressureLimit is already ending this socket.
    if (this.#wire.send(message, false) === DROPPED) this.#events.onDropped();
  }

  sendError(code: ErrorCode, extra: ErrorExtra = {}): void {
    this.send(errorFrame(code, extra));
  }

  end(name: CloseName, reason?: string): void {
    this.endWith(CLOSE[name].code, reason ?? CLOSE[name].reason);
  }

  endWith(code: number, reason: string): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#events.onClose(code);
    this.#wire.end(code, reason);
  }

  /** uWebSockets says that it is gone. */
  markClosed(code: number): void {
    if (this.#isAlive) this.#events.onClose(code);
    this.#isAlive = false;
    this.#waiting = undefined;
  }

  bufferedAmount(): number {
    return this.#isAlive ? this.#wire.getBufferedAmount() : 0;
  }

  subscribe(topic: string): void {
    if (this.#isAlive) this.#wire.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    if (this.#isAlive) this.#wire.unsubscribe(topic);
  }

  /**
   * Hands a frame to `handle`, or keeps it while an earlier one is being answered. `bytes` live only during the
   * callback; what is kept is copied. A handler that must wait returns a promise, which never rejects.
   */
  receive(bytes: Buffer, handle: FrameHandler): void {
    if (this.#isQuiet) return;
    if (!this.#isBusy) {
      this.#handle(bytes, handle);
      return;
    }
    const max = this.isGreeted ? WAITING_MAX_JOINED : WAITING_MAX;
    this.#waitingBytes += bytes.length;
    this.#waiting ??= [];
    if (this.#waiting.length >= max.frames || this.#waitingBytes > max.bytes) this.end("flood");
    else this.#waiting.push(Buffer.from(bytes));
  }

  /** Takes no further frames: what is in flight is answered, then the socket is told to go. */
  quiet(): void {
    this.#isQuiet = true;
  }

  /** Frames were kept until now: takes them up, in order. */
  resume(handle: FrameHandler): void {
    this.#isBusy = false;
    while (!this.#isBusy && this.#isAlive) {
      const bytes = this.#waiting?.shift();
      if (bytes === undefined) {
        this.#waiting = undefined;
        return;
      }
      this.#waitingBytes -= bytes.length;
      this.#handle(bytes, handle);
    }
  }

  #handle(bytes: Buffer, handle: FrameHandler): void {
    const wait = handle(this, bytes);
    if (wait === undefined) return;
    this.#isBusy = true;
    void wait.then(() => this.resume(handle));
  }
}

/** Answers a frame; a promise where later frames of the socket must wait for it. */
export type FrameHandler = (connection: Connection, bytes: Buffer) => Promise<void> | undefined;
