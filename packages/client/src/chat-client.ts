/**
 * A client of one live chat: stays connected (link.ts), shows each line once and in order (room-sequence.ts), keeps
 * own messages until they are stored (outbox.ts). Here the frames meet these three.
 */
import type { ClientFrame, Position, ResetFrame, RoomEvent, ServerFrame, SessionInfo, WelcomeFrame } from "@drawchat/protocol/frames";
import type { ChatEvents, ConnectionState } from "./chat-events.ts";
import type { SocketConstructor } from "./connection.ts";
import { decodeServerFrame } from "./decode.ts";
import { FrameBudget } from "./frame-budget.ts";
import { KeptOutbox, type OutboxStorage, type Sending } from "./kept-outbox.ts";
import { Link } from "./link.ts";
import { Listeners } from "./listeners.ts";
import type { Outbox, OwnMessage } from "./outbox.ts";
import { RoomSequence, type Taken } from "./room-sequence.ts";

/** Resumes without success before the socket is given up. */
const ASKS_MAX = 3;

export interface ChatClientOptions {
  /** Base of the WebSocket URL: `wss://chat.example.org`. */
  url: string;
  sessionId: number;
  /** A fixed token; or `getToken`, asked at each connect and when the token is about to end. */
  token?: string;
  getToken?: () => Promise<string>;
  webSocket?: SocketConstructor;
  random?: () => number;
  now?: () => number;
  /** Keeps unstored messages across a reload. */
  storage?: OutboxStorage;
  /** Its key there; must tell users apart. Default `drawchat.outbox.<sessionId>`. */
  storageKey?: string;
  /** A connection without any byte for this long is dead. Default 25,000. */
  silenceMs?: number;
}

export class ChatClient {
  readonly #options: ChatClientOptions;
  readonly #now: () => number;
  readonly #listeners = new Listeners<ChatEvents>();
  readonly #sequence = new RoomSequence<RoomEvent>();
  readonly #budget = new FrameBudget();
  readonly #own: KeptOutbox;
  readonly #link: Link<ClientFrame>;
  #session: SessionInfo | undefined;
  #clockOffsetMs = 0;
  #workTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ChatClientOptions) {
    const { url, sessionId, token, getToken, random = Math.random, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#own = new KeptOutbox({
      random,
      now,
      storage: options.storage,
      storageKey: options.storageKey ?? `drawchat.outbox.${sessionId}`,
      onChange: (message) => this.#listeners.emit("own", message),
    });
    this.#link = new Link({
      url: `${url}/live-chat/ws/${sessionId}`,
      getToken: getToken ?? (() => Promise.resolve(token)),
      isTokenRenewable: getToken !== undefined,
      webSocket: options.webSocket ?? globalThis.WebSocket,
      silenceMs: options.silenceMs ?? 25_000,
      random,
      now,
      serverNow: () => this.serverNow(),
      onOpen: () => this.#hello(),
      onText: (text) => this.#onText(text),
      onState: (state) => this.#listeners.emit("state", state),
    });
  }

  get state(): ConnectionState {
    return this.#link.state;
  }

  get session(): SessionInfo | undefined {
    return this.#session;
  }

  /** Where the room's sequence stands; undefined before the first welcome. */
  get position(): Position | undefined {
    return this.#sequence.position;
  }

  /** Own messages that are not stored yet, in order. */
  get unsettled(): OwnMessage[] {
    return this.#outbox.messages;
  }

  /** Unix ms by the server's clock, as good as the last welcome: for countdowns. */
  serverNow(): number {
    return this.#now() + this.#clockOffsetMs;
  }

  /** Listens to one kind of event; returns the function that stops it. */
  on<Name extends keyof ChatEvents>(name: Name, listener: (value: ChatEvents[Name]) => void): () => void {
    return this.#listeners.on(name, listener);
  }

  /** Connects and stays connected until a final close code or `stop`. Does nothing while it is at it. */
  start(): void {
    this.#own.restore();
    this.#link.start();
  }

  /** Ends the connection. Own messages are kept and go out after the next `start`. */
  stop(): void {
    clearTimeout(this.#workTimer);
    this.#link.stop(1000, "stopped");
  }

  /** Queues a message; it is sent as soon as there is a connection, and again until the server has answered. */
  send(text: string): Sending {
    const sending = this.#own.send({ text });
    this.#work();
    return sending;
  }

  /** Sends a failed message again under its client_id: it becomes one line at most. */
  retry(clientId: string): void {
    this.#outbox.retry(clientId);
    this.#work();
  }

  /** Forgets a failed message. */
  discard(clientId: string): void {
    this.#own.discard(clientId);
  }

  /** Likes a message, or the session. False where there is no connection. The answer is `counts` or `refused`. */
  like(messageId?: number): boolean {
    return this.#link.send(messageId === undefined ? { type: "like" } : { type: "like", message_id: messageId });
  }

  get #outbox(): Outbox {
    return this.#own.box;
  }

  #hello(): void {
    const since = this.#sequence.position;
    this.#sequence.forgetHole();
    this.#budget.reset();
    this.#link.send(since ? { type: "hello", since } : { type: "hello" });
  }

  // ---- frames --------------------------------------------------------------------------------------------------

  #onText(text: string): void {
    const frame = decodeServerFrame(text);
    if (frame) this.#onFrame(frame);
  }

  #onFrame(frame: ServerFrame): void {
    switch (frame.type) {
      case "welcome":
        this.#onWelcome(frame);
        break;
      case "reset":
        this.#onReset(frame);
        break;
      case "batch":
        this.#show(this.#sequence.take(frame, this.#now()));
        break;
      case "tip":
        this.#sequence.noteTip(frame.upto, this.#now());
        break;
      case "ack":
        this.#outbox.onAck(frame);
        break;
      case "stored":
        this.#outbox.onStored(frame.upto);
        break;
      case "rejected":
        this.#outbox.onRejected(frame.client_id, frame.code);
        break;
      case "error":
        this.#onError(frame);
        break;
      case "counts":
        this.#listeners.emit("counts", frame);
        break;
      case "session":
        this.#onSession(frame);
        break;
      case "token_expiring":
        void this.#link.renewToken();
        break;
      case "reconnect":
        this.#link.comeBackIn(frame.after_ms);
        break;
      case "pong":
        break;
      default:
        frame satisfies never;
    }
    this.#work(); // an answer, a hole, a new position: each may make something due
  }

  #onWelcome(frame: WelcomeFrame): void {
    const since = this.#sequence.position;
    const isSameRoom = frame.recovered && since?.epoch === frame.epoch;
    this.#clockOffsetMs = Date.parse(frame.server_time) - this.#now();
    // Before the events are shown and before anything is sent: what was acknowledged above the position I came with
    // was never seen in the room, so this welcome does not vouch for it.
    this.#outbox.restart(isSameRoom ? since.id : 0);
    this.#link.noteWelcome();
    this.#session = frame.session;
    this.#listeners.emit("session", frame.session);
    this.#listeners.emit("user", frame.user);
    this.#listeners.emit("limits", frame.limits);
    if (since && !frame.recovered) this.#listeners.emit("reset", undefined);
    this.#show(frame.recovered && since ? this.#sequence.recover(frame) : this.#sequence.restart(frame));
  }

  #onReset(frame: ResetFrame): void {
    this.#outbox.restart(0);
    this.#listeners.emit("reset", undefined);
    this.#show(this.#sequence.restart(frame));
  }

  #show({ events, skipped }: Taken<RoomEvent>): void {
    for (const event of events) this.#showOne(event);
    if (skipped > 0) this.#listeners.emit("skipped", skipped);
  }

  #showOne(event: RoomEvent): void {
    if (event.type === "new_message") this.#listeners.emit("message", event.message);
    else if (event.type === "delete") this.#listeners.emit("delete", event);
    else if (event.type === "edit") this.#listeners.emit("edit", event);
  }

  #onError(frame: Extract<ServerFrame, { type: "error" }>): void {
    const retryAfterMs = frame.retry_after_ms;
    if (frame.client_id !== undefined) this.#outbox.onRefused(frame.client_id, { code: frame.code, retryAfterMs }, this.#now());
    else this.#listeners.emit("refused", { code: frame.code, message: frame.message, retryAfterMs });
  }

  #onSession(frame: Extract<ServerFrame, { type: "session" }>): void {
    const { state, opens_at, closes_at, draw_at } = frame;
    this.#session = { session_id: this.#options.sessionId, state, opens_at, closes_at, draw_at };
    this.#listeners.emit("session", this.#session);
  }

  // ---- work: what is due is sent, and the next look is planned -------------------------------------------------

  #work(): void {
    clearTimeout(this.#workTimer);
    if (!this.#link.isWelcomed) return;
    const now = this.#now();
    if (!this.#askForMissing(now)) return;
    this.#sendDue(now);
    this.#planWork(now);
  }

  /** False where the socket was given up over it. */
  #askForMissing(now: number): boolean {
    const since = this.#sequence.position;
    const askAt = this.#sequence.askAt;
    if (!since || askAt === undefined || askAt > now) return true;
    if (this.#sequence.asks >= ASKS_MAX) {
      this.#link.leave("a hole was not filled");
      return false;
    }
    this.#sequence.noteAsked(now);
    this.#link.send({ type: "resume", since });
    return true;
  }

  #sendDue(now: number): void {
    const due = this.#outbox.takeDue(now, this.#budget.available(now));
    this.#budget.spend(now, due.length);
    for (const { clientId, text, resend } of due) {
      this.#link.send({ type: "message", client_id: clientId, message: text, ...(resend ? { resend } : {}) });
    }
    if (due.length > 0) this.#own.save();
  }

  #planWork(now: number): void {
    const outboxAt = this.#outbox.nextDueAt;
    const sendAt = outboxAt === undefined ? Number.POSITIVE_INFINITY : Math.max(outboxAt, this.#budget.freeAt(now));
    const at = Math.min(sendAt, this.#sequence.askAt ?? Number.POSITIVE_INFINITY);
    if (at === Number.POSITIVE_INFINITY) return;
    this.#workTimer = setTimeout(() => this.#work(), Math.max(0, at - now));
  }
}
