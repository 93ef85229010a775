/**
 * Stays connected, to one session or to one's conversations: connects, comes back after a loss, waits for the opening, stops at a final code.
 * The state machine of ConnectionState (chat-events.ts) lives here; what the frames mean is the owner's.
 */
import { CLOSE } from "@drawchat/protocol/errors";
import { Backoff } from "./backoff.ts";
import { listenToHints } from "./browser-hints.ts";
import type { ConnectionState } from "./chat-events.ts";
import { comebackAfter } from "./comeback.ts";
import { Connection, type SocketConstructor } from "./connection.ts";

const SUBPROTOCOL = "drawchat.v2";
/** A welcomed socket that held this long starts the backoff anew; a shorter one may be a server that is failing. */
const STABLE_MS = 5_000;
const PROBE_MS = 5_000;
/** Longest single timer: browsers fire at once for more than 2^31 ms. */
const TIMER_MAX_MS = 60 * 60_000;

export interface LinkOptions {
  /** The whole WebSocket URL. */
  url: string;
  /** Undefined, or a rejection: none can be had now; tried again later. */
  getToken: () => Promise<string | undefined>;
  /** False for a fixed token: once it ended, coming back is of no use. */
  isTokenRenewable: boolean;
  webSocket: SocketConstructor;
  silenceMs: number;
  random: () => number;
  now: () => number;
  /** Unix ms by the server's clock. */
  serverNow: () => number;
  onOpen(): void;
  onText(text: string): void;
  onState(state: ConnectionState): void;
}

/** `Frame`: what its owner may send. */
export class Link<Frame extends object> {
  readonly #options: LinkOptions;
  readonly #backoff: Backoff;
  #state: ConnectionState = { name: "idle" };
  #connection: Connection | undefined;
  /** Counts connects and stops: a token that arrives late belongs to an attempt that is over. */
  #attempt = 0;
  #welcomedAt: number | undefined;
  #comeBackAt: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopHints: (() => void) | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ random: options.random });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** True between a welcome and the end of its socket. */
  get isWelcomed(): boolean {
    return this.#welcomedAt !== undefined;
  }

  /** Does nothing while it is at it. */
  start(): void {
    if (this.#state.name !== "idle" && this.#state.name !== "closed") return;
    this.#stopHints = listenToHints({ onBack: () => this.#onBack(), onAway: () => this.#connection?.probe(PROBE_MS) });
    this.#backoff.reset();
    this.#setState({ name: "connecting" });
    void this.#connect();
  }

  /** Ends in the state `closed`. */
  stop(code: number, reason: string): void {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#stopHints?.();
    this.#connection?.close();
    this.#connection = undefined;
    this.#welcomedAt = undefined;
    this.#comeBackAt = undefined;
    this.#setState({ name: "closed", code, reason });
  }

  /** False where there is no open socket. */
  send(frame: Frame): boolean {
    return this.#connection?.send(frame) ?? false;
  }

  noteWelcome(): void {
    this.#welcomedAt = this.#options.now();
    this.#setState({ name: "open" });
  }

  /** Leaves this socket and comes back after the backoff. */
  leave(reason: string): void {
    this.#connection?.close();
    this.#onClose(CLOSE.drain.code, reason);
  }

  /** The server asked to move: at that time, or later should this socket be closed before. */
  comeBackIn(afterMs: number): void {
    this.#comeBackAt = this.#options.now() + afterMs;
    const connection = this.#connection;
    this.#after(afterMs, () => {
      if (connection && connection === this.#connection) this.leave("asked to come back");
    });
  }

  /** The token ends soon: sends a newer one on the same socket. */
  async renewToken(): Promise<void> {
    if (!this.#options.isTokenRenewable) return;
    const connection = this.#connection;
    const token = await this.#token();
    if (token !== undefined) connection?.send({ type: "auth", token });
  }

  async #connect(): Promise<void> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    const token = await this.#token();
    if (attempt !== this.#attempt) return;
    if (token === undefined) {
      this.#retryLater();
      return;
    }
    try {
      this.#connection = this.#open(token);
    } catch (error) {
      // A token with characters that no header may carry, or a bad URL: the next attempt would end the same way.
      this.stop(CLOSE.token.code, error instanceof Error ? error.message : "not a usable token or URL");
    }
  }

  #open(token: string): Connection {
    return new Connection({
      url: this.#options.url,
      protocols: [SUBPROTOCOL, `bearer.${token}`],
      webSocket: this.#options.webSocket,
      silenceMs: this.#options.silenceMs,
      onOpen: () => this.#options.onOpen(),
      onText: (text) => this.#options.onText(text),
      onClose: (code, reason) => this.#onClose(code, reason),
    });
  }

  async #token(): Promise<string | undefined> {
    try {
      return await this.#options.getToken();
    } catch {
      return undefined; // like a connection that failed: tried again later
    }
  }

  #onClose(code: number, reason: string): void {
    const { now, isTokenRenewable } = this.#options;
    const welcomedAt = this.#welcomedAt;
    this.#connection = undefined;
    this.#welcomedAt = undefined;
    if (welcomedAt !== undefined && now() - welcomedAt >= STABLE_MS) this.#backoff.reset();
    const comeback = comebackAfter(code, reason, welcomedAt !== undefined && isTokenRenewable);
    if (comeback.kind === "final") this.stop(code, reason);
    else if (comeback.kind === "wait") this.#waitUntil(comeback.opensAt);
    else this.#retryLater();
  }

  #retryLater(): void {
    const { now } = this.#options;
    const delayMs = this.#comeBackAt === undefined ? this.#backoff.nextMs() : Math.max(0, this.#comeBackAt - now());
    this.#comeBackAt = undefined;
    this.#setState({ name: "reconnecting", attempt: this.#backoff.attempts, retryAt: now() + delayMs });
    this.#connectIn(delayMs);
  }

  /** Comes back at the opening, spread over a second; never at once, should the clocks disagree. */
  #waitUntil(opensAt: number): void {
    const { random, serverNow } = this.#options;
    this.#comeBackAt = undefined;
    this.#setState({ name: "waiting", opensAt });
    const leftMs = opensAt - serverNow();
    if (leftMs > TIMER_MAX_MS) this.#after(TIMER_MAX_MS, () => this.#waitUntil(opensAt));
    else this.#connectIn(Math.max(leftMs, this.#backoff.nextMs()) + random() * 1_000);
  }

  #connectIn(delayMs: number): void {
    this.#after(delayMs, () => void this.#connect());
  }

  #after(delayMs: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs);
  }

  #onBack(): void {
    if (this.#connection) this.#connection.probe(PROBE_MS);
    else if (this.#state.name === "reconnecting") this.#connectIn(0);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
