/**
 * A client of one's conversations, one socket for all of them: stays connected (link.ts), joins its rooms again after
 * each reconnect (conversation-room.ts), and tells of changes in the list of conversations.
 */
import type { ConversationClientFrame, ConversationServerFrame, ConversationWelcomeFrame } from "@drawchat/protocol/conversations";
import { isRoomName, type RoomName } from "@drawchat/protocol/ids";
import type { ConnectionState } from "./chat-events.ts";
import type { SocketConstructor } from "./connection.ts";
import { decodeConversationFrame } from "./conversation-decode.ts";
import type { ConversationsEvents, ConversationUser } from "./conversation-events.ts";
import { ConversationRoom, type RoomWire } from "./conversation-room.ts";
import { FrameBudget } from "./frame-budget.ts";
import type { OutboxStorage } from "./kept-outbox.ts";
import { Link } from "./link.ts";
import { Listeners } from "./listeners.ts";
import { RoomsStorage } from "./rooms-storage.ts";

export interface ConversationsClientOptions {
  /** Base of the WebSocket URL: `wss://chat.example.org`. */
  url: string;
  /** A fixed token; or `getToken`, asked at each connect and when the token is about to end. */
  token?: string;
  getToken?: () => Promise<string>;
  webSocket?: SocketConstructor;
  random?: () => number;
  now?: () => number;
  /** Keeps messages that are not stored across a reload: their rooms are joined until they are. */
  storage?: OutboxStorage;
  /** Its key there; must tell users apart. Default `drawchat.outbox.conversations`. */
  storageKey?: string;
  /** A connection without any byte for this long is dead. Default 25,000. */
  silenceMs?: number;
}

export class ConversationsClient {
  readonly #now: () => number;
  readonly #listeners = new Listeners<ConversationsEvents>();
  readonly #budget = new FrameBudget();
  readonly #link: Link<ConversationClientFrame>;
  readonly #storage: RoomsStorage | undefined;
  readonly #wire: RoomWire;
  readonly #rooms = new Map<string, ConversationRoom>();
  #user: ConversationUser | undefined;
  #presence: "online" | "away" = "online";
  #clockOffsetMs = 0;
  #workTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConversationsClientOptions) {
    const { url, token, getToken, random = Math.random, now = Date.now, storage } = options;
    this.#now = now;
    this.#storage = storage && new RoomsStorage(storage, options.storageKey ?? "drawchat.outbox.conversations");
    this.#wire = {
      budget: this.#budget,
      random,
      now,
      storage: this.#storage,
      userId: () => this.#user?.user_id ?? 0,
      send: (frame) => this.#send(frame),
      onDue: () => this.#work(),
      giveUp: (reason) => this.#link.leave(reason),
    };
    this.#link = new Link({
      url: `${url}/conversations/ws`,
      getToken: getToken ?? (() => Promise.resolve(token)),
      isTokenRenewable: getToken !== undefined,
      webSocket: options.webSocket ?? globalThis.WebSocket,
      silenceMs: options.silenceMs ?? 25_000,
      random,
      now,
      serverNow: () => this.serverNow(),
      onOpen: () => this.#link.send({ type: "hello" }),
      onText: (text) => this.#onText(text),
      onState: (state) => this.#onState(state),
    });
  }

  get state(): ConnectionState {
    return this.#link.state;
  }

  /** Undefined before the first welcome. */
  get user(): ConversationUser | undefined {
    return this.#user;
  }

  /** Unix ms by the server's clock, as good as the last welcome. */
  serverNow(): number {
    return this.#now() + this.#clockOffsetMs;
  }

  /** Listens to one kind of event; returns the function that stops it. */
  on<Name extends keyof ConversationsEvents>(name: Name, listener: (value: ConversationsEvents[Name]) => void): () => void {
    return this.#listeners.on(name, listener);
  }

  /** Connects and stays connected until a final close code or `stop`. Does nothing while it is at it. */
  start(): void {
    for (const name of this.#storage?.rooms ?? []) if (isRoomName(name)) this.room(name);
    this.#link.start();
  }

  /** Ends the connection. Own messages are kept and go out after the next `start`. */
  stop(): void {
    clearTimeout(this.#workTimer);
    this.#link.stop(1000, "stopped");
  }

  /** The room of that name (`conversationRoom`, `notesRoom`), always the same object. It is not joined by this. */
  room(name: RoomName): ConversationRoom {
    const known = this.#rooms.get(name);
    if (known) return known;
    const room = new ConversationRoom(name, this.#wire);
    this.#rooms.set(name, room);
    return room;
  }

  /** Whether the person is at it. Kept over reconnects. */
  setPresence(state: "online" | "away"): void {
    if (state === this.#presence) return;
    this.#presence = state;
    if (this.#link.isWelcomed) this.#send({ type: "presence", state });
  }

  // ---- frames ------------------------------------------------------------------------------------------------------

  #send(frame: ConversationClientFrame): boolean {
    this.#budget.spend(this.#now(), 1);
    return this.#link.send(frame);
  }

  #onState(state: ConnectionState): void {
    if (state.name !== "open") for (const room of this.#rooms.values()) room.onSocketLost();
    this.#listeners.emit("state", state);
  }

  #onText(text: string): void {
    const frame = decodeConversationFrame(text);
    if (!frame) return;
    this.#onFrame(frame);
    this.#work(); // an answer, a hole, a new position: each may make something due
  }

  #onFrame(frame: ConversationServerFrame): void {
    switch (frame.type) {
      case "welcome":
        this.#onWelcome(frame);
        break;
      case "inbox":
        this.#listeners.emit("inbox", frame.conversation);
        break;
      case "inbox_removed":
        this.#listeners.emit("inboxRemoved", frame.conversation_id);
        break;
      case "inbox_stale":
        this.#listeners.emit("inboxStale", undefined);
        break;
      case "presence":
        for (const room of this.#rooms.values()) room.onPresence(frame.user_id, frame.state);
        this.#listeners.emit("presence", { userId: frame.user_id, state: frame.state, lastSeenAt: frame.last_seen_at });
        break;
      case "token_expiring":
        void this.#link.renewToken();
        break;
      case "reconnect":
        this.#link.comeBackIn(frame.after_ms);
        break;
      case "pong":
        break;
      case "error":
        if (frame.room !== undefined) this.#rooms.get(frame.room)?.onFrame(frame);
        else this.#listeners.emit("refused", { code: frame.code, message: frame.message, retryAfterMs: frame.retry_after_ms });
        break;
      default:
        this.#rooms.get(frame.room)?.onFrame(frame);
    }
  }

  #onWelcome({ user, limits, server_time }: ConversationWelcomeFrame): void {
    this.#budget.reset();
    this.#clockOffsetMs = Date.parse(server_time) - this.#now();
    this.#user = user;
    this.#link.noteWelcome();
    this.#listeners.emit("user", user);
    this.#listeners.emit("limits", limits);
    if (this.#presence === "away") this.#send({ type: "presence", state: "away" });
  }

  // ---- work: what is due is sent, and the next look is planned -----------------------------------------------------

  #work(): void {
    clearTimeout(this.#workTimer);
    const now = this.#now();
    let lookAt = Number.POSITIVE_INFINITY;
    for (const room of this.#rooms.values()) {
      if (!this.#link.isWelcomed) return;
      lookAt = Math.min(lookAt, room.work(now));
    }
    if (lookAt === Number.POSITIVE_INFINITY) return;
    this.#workTimer = setTimeout(() => this.#work(), Math.max(0, lookAt - now));
  }
}
