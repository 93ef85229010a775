/**
 * One socket. uWebSockets throws on any call to a closed socket, so every call goes through here; frames are handled
 * one after another, and wait (bounded) while one of them must ask somebody else first.
 */
import type { Identity } from "@drawchat/auth/claims";
import { CLOSE, type CloseName, ERRORS, type ErrorCode } from "@drawchat/protocol/errors";
import type { ErrorFrame } from "@drawchat/protocol/frames";
import type { Handshake } from "./handshake.ts";
import type { LiveRoom } from "./live-room.ts";

/** What a connection needs of uWebSockets' socket. */
export interface Wire {
  send(message: Buffer | string, isBinary: boolean): number;
  end(code: number, reason: string): void;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
  getBufferedAmount(): number;
}

const DROPPED = 2;
/** What waits for the token and the room. */
const WAITING_MAX = { frames: 8, bytes: 16_384 };
/** What waits behind a question to the api: a client that resends its outbox sends as much as the frame budget lets it. */
const WAITING_MAX_JOINED = { frames: 60, bytes: 262_144 };

/** What an error is about, where that is not plain. */
export interface ErrorExtra {
  clientId?: string;
  messageId?: number;
  retryAfterMs?: number;
}

export interface ConnectionEvents {
  onClose: (code: number) => void;
  onDropped: () => void;
}

export class Connection {
  readonly version: 1 | 2;
  readonly sessionId: number;
  readonly openedMs = performance.now();
  identity: Identity | undefined;
  room: LiveRoom | undefined;
  /** v2: `hello` was answered. v1: subscribed. */
  isJoined = false;
  /** On the room's topic: gets every further frame. Otherwise it is being paged up to it. */
  isLive = false;
  /** The place up to which a socket that is being paged has events, and the lineage it belongs to. */
  position = 0;
  epoch = "";
  isExpiryTold = false;
  slowSinceMs: number | undefined;
  /** When its session is over, the sockets go one by one: this one at this time (monotonic ms). */
  leavesAtMs = Number.POSITIVE_INFINITY;
  readonly #wire: Wire;
  readonly #events: ConnectionEvents;
  #isAlive = true;
  #isBusy = true; // until the token is verified
  #isQuiet = false;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(wire: Wire, { version, sessionId }: Handshake, events: ConnectionEvents) {
    this.#wire = wire;
    this.#events = events;
    this.version = version;
    this.sessionId = sessionId;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get userId(): number | undefined {
    return this.identity?.userId;
  }

  send(message: Buffer | string): void {
    if (!this.#isAlive) return;
    // A dropped frame would be a hole: closeOnBackpressureLimit is already ending this socket.
    if (this.#wire.send(message, false) === DROPPED) this.#events.onDropped();
  }

  sendError(code: ErrorCode, extra: ErrorExtra = {}): void {
    const frame: ErrorFrame = {
      type: "error",
      code,
      message: ERRORS[code].message,
      ...(extra.clientId === undefined ? {} : { client_id: extra.clientId }),
      ...(extra.messageId === undefined ? {} : { message_id: extra.messageId }),
      ...(extra.retryAfterMs === undefined ? {} : { retry_after_ms: extra.retryAfterMs }),
    };
    this.send(JSON.stringify(frame));
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
    this.#waiting = [];
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
    const max = this.isJoined ? WAITING_MAX_JOINED : WAITING_MAX;
    this.#waitingBytes += bytes.length;
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
      const bytes = this.#waiting.shift();
      if (bytes === undefined) return;
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
