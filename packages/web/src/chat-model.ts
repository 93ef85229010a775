/** One session on the screen: the SDK's events gathered into a view, with at most one redraw per animation frame. */
import { ChatClient } from "@drawchat/client/chat-client";
import type { ConnectionState } from "@drawchat/client/chat-events";
import type { OwnMessage } from "@drawchat/client/outbox";
import { CLOSE } from "@drawchat/protocol/errors";
import type { ChatMessage, SessionInfo } from "@drawchat/protocol/frames";
import type { Access } from "./access.ts";
import { fetchMessages, likeMessage, likeSession } from "./api.ts";
import { drawableOf } from "./drawable.ts";
import { loadLiked, type Outbox, saveLiked, takeOutbox } from "./keepsakes.ts";
import { Rush } from "./rush.ts";
import type { TextName } from "./texts.ts";
import { type Line, Timeline } from "./timeline.ts";

/** Everything the components show. */
export interface ChatView {
  connection: ConnectionState;
  session: SessionInfo;
  lines: readonly Line[];
  /** Lines of others that came since the reader left the end. */
  newLines: number;
  /** The reader is at lines that are held, and there are more behind them. */
  hasMore: boolean;
  /** How many messages were sent from here: whoever writes wants to see it. */
  sent: number;
  /** Lines that the server left out lately to keep up. */
  leftOut: number;
  /** True while lines come faster than a screen reader could say them. */
  isRushing: boolean;
  /** In a rush, now and then: how many lines came. */
  rushSummary: number | undefined;
  viewers: number;
  totalLikes: number;
  hasLikedSession: boolean;
  likedMessages: ReadonlySet<number>;
  maxChars: number;
  /** Until then (Unix ms, local clock) the server takes no message of this person; 0: it does. */
  limitedUntil: number;
  /** A short sentence about something that was refused. */
  notice: TextName | undefined;
}

export interface SessionStart {
  session: SessionInfo;
  viewers: number;
  totalLikes: number;
}

const RUSH_REDRAW_MS = 50;
/** How long it stays on the screen that lines were left out. */
const LEFT_OUT_MS = 30_000;

export class ChatModel {
  readonly #access: Access;
  readonly #owner: string;
  readonly #client: ChatClient;
  readonly #outbox: Outbox;
  readonly #timeline: Timeline;
  readonly #rush = new Rush();
  readonly #onChange: () => void;
  readonly #liked: Set<number>;
  #view: ChatView;
  #isRedrawDue = false;
  #redrawTimer: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #drawnAt = 0;
  #leftOutTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(access: Access, start: SessionStart, onChange: () => void) {
    const { userId, username } = access.identity;
    const sessionId = start.session.session_id;
    this.#access = access;
    this.#owner = `${access.server}.${sessionId}.${userId}`;
    this.#onChange = onChange;
    this.#liked = loadLiked(this.#owner);
    this.#outbox = takeOutbox(this.#owner);
    this.#timeline = new Timeline({ userId, username, profilePic: null, isHost: false });
    this.#client = new ChatClient({ url: access.socketUrl, sessionId, ...access.socketToken, ...this.#outbox });
    this.#view = firstView(start, this.#client.state, this.#liked);
    this.#listen();
  }

  get view(): ChatView {
    return this.#view;
  }

  serverNow(): number {
    return this.#client.serverNow();
  }

  /** Connects; a session that is over is only read. */
  start(): void {
    const { state } = this.#view.session;
    if (state === "closed" || state === "cancelled") void this.#readOnly();
    else this.#client.start();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#redrawTimer);
    this.#isRedrawDue = false;
    clearTimeout(this.#leftOutTimer);
    this.#client.stop();
    this.#outbox.release();
  }

  /** What the status says of this session: the socket says it sooner, where there is one. */
  noteSession(session: SessionInfo): void {
    const { connection, session: known } = this.#view;
    if (connection.name === "open" || isSameSession(session, known)) return;
    this.#set({ session });
    const isBack = connection.name === "closed" && connection.code === CLOSE.session.code && session.state === "open";
    if (connection.name !== "waiting" && !isBack) return;
    this.#client.stop(); // it waits for an opening that was moved, or had left a session that goes on
    this.#client.start();
  }

  /** The reader left the end, or is back: lines they read stay where they are. */
  follow(isAtEnd: boolean): void {
    this.#timeline.hold(!isAtEnd);
    this.#changed();
  }

  /** The reader came to the last of the lines that stay. */
  readOn(): void {
    this.#edit(() => this.#timeline.readOn());
  }

  /** Once a second: what passes by time alone. */
  tick(): void {
    const now = Date.now();
    const isRushing = this.#rush.isOn(now);
    const summary = this.#rush.takeSummary(now);
    const rushSummary = isRushing ? (summary ?? this.#view.rushSummary) : undefined;
    if (isRushing !== this.#view.isRushing || rushSummary !== this.#view.rushSummary) this.#set({ rushSummary });
  }

  send(text: string): void {
    this.#set({ notice: undefined, sent: this.#view.sent + 1 });
    this.#client.send(text);
  }

  retry(clientId: string): void {
    this.#client.retry(clientId);
  }

  discard(clientId: string): void {
    this.#client.discard(clientId);
    this.#timeline.discard(clientId);
    this.#changed();
  }

  /** Shown as liked at once; taken back only where the server refused for another reason than "already". */
  async likeMessage(id: number): Promise<void> {
    await this.#like(id, async () => {
      const likes = await likeMessage(this.#access, id);
      if (likes !== undefined) this.#timeline.setLikes({ [id]: likes });
    });
  }

  async likeSession(): Promise<void> {
    await this.#like(0, async () => {
      const totalLikes = await likeSession(this.#access, this.#view.session.session_id);
      if (totalLikes !== undefined) this.#set({ totalLikes });
    });
  }

  async #like(target: number, ask: () => Promise<void>): Promise<void> {
    if (this.#liked.has(target)) return;
    this.#setLiked(target, true);
    try {
      await ask();
      this.#changed();
    } catch {
      this.#setLiked(target, false);
      this.#set({ notice: "likeFailed" });
    }
  }

  /** 0 stands for the session. */
  #setLiked(target: number, isLiked: boolean): void {
    if (isLiked) this.#liked.add(target);
    else this.#liked.delete(target);
    saveLiked(this.#owner, this.#liked);
    this.#set({ hasLikedSession: this.#liked.has(0) });
  }

  #listen(): void {
    const client = this.#client;
    client.on("state", (connection) => this.#set({ connection }));
    client.on("session", (session) => this.#set({ session }));
    client.on("limits", (limits) => this.#set({ maxChars: limits.message_max_chars }));
    client.on("user", (user) => {
      this.#timeline.setSelf({ userId: user.user_id, username: user.username, profilePic: user.profile_pic, isHost: user.is_host });
    });
    client.on("reset", () => this.#timeline.reset());
    client.on("message", (message) => this.#onMessage(message));
    client.on("delete", (event) => this.#edit(() => this.#timeline.remove(event.message_id)));
    client.on("edit", (event) => this.#edit(() => this.#timeline.replace(event.message)));
    client.on("own", (own) => this.#onOwn(own));
    client.on("skipped", (count) => this.#noteLeftOut(count));
    client.on("refused", () => this.#set({ notice: "refused" }));
    client.on("counts", ({ viewers, total_likes: totalLikes, likes }) => {
      if (likes) this.#timeline.setLikes(likes);
      this.#set({ viewers: viewers ?? this.#view.viewers, totalLikes: totalLikes ?? this.#view.totalLikes });
    });
  }

  #onMessage(message: ChatMessage): void {
    this.#rush.note(Date.now());
    this.#edit(() => this.#timeline.add(message));
  }

  #noteLeftOut(count: number): void {
    clearTimeout(this.#leftOutTimer);
    this.#leftOutTimer = setTimeout(() => this.#set({ leftOut: 0 }), LEFT_OUT_MS);
    this.#set({ leftOut: this.#view.leftOut + count });
  }

  #onOwn(own: OwnMessage): void {
    const { status } = own;
    if (status.state === "failed" && status.code === "rate_limited") {
      this.#set({ limitedUntil: Date.now() + (status.retryAfterMs ?? 5_000) });
    }
    this.#edit(() => this.#timeline.setOwn(own));
  }

  async #readOnly(): Promise<void> {
    const messages = await fetchMessages(this.#access, this.#view.session.session_id).catch(() => []);
    for (const message of messages) this.#timeline.add(message);
    this.#changed();
  }

  #edit(change: () => void): void {
    change();
    this.#changed();
  }

  #set(part: Partial<ChatView>): void {
    this.#view = { ...this.#view, ...part };
    this.#changed();
  }

  /** Many events, one redraw: at each frame of the screen, in a rush twenty times a second. */
  #changed(): void {
    if (this.#isRedrawDue) return;
    this.#isRedrawDue = true;
    const waitMs = this.#rush.isOn(Date.now()) ? this.#drawnAt + RUSH_REDRAW_MS - performance.now() : 0;
    if (waitMs > 0) this.#redrawTimer = setTimeout(() => this.#redrawAtFrame(), waitMs);
    else this.#redrawAtFrame();
  }

  #redrawAtFrame(): void {
    this.#frame = requestAnimationFrame((now) => {
      this.#isRedrawDue = false;
      this.#drawnAt = now;
      const { lines, newLines, hasMore } = this.#timeline;
      const drawn = drawableOf(lines, { drawn: this.#view.lines, isHeld: this.#timeline.isHeld });
      this.#view = { ...this.#view, lines: drawn, newLines, hasMore, isRushing: this.#rush.isOn(Date.now()) };
      this.#onChange();
      if (drawn.length < lines.length) this.#changed();
    });
  }
}

function firstView({ session, viewers, totalLikes }: SessionStart, connection: ConnectionState, liked: ReadonlySet<number>): ChatView {
  return {
    connection,
    session,
    lines: [],
    newLines: 0,
    hasMore: false,
    sent: 0,
    leftOut: 0,
    isRushing: false,
    rushSummary: undefined,
    viewers,
    totalLikes,
    hasLikedSession: liked.has(0),
    likedMessages: liked,
    maxChars: 500,
    limitedUntil: 0,
    notice: undefined,
  };
}

function isSameSession(a: SessionInfo, b: SessionInfo): boolean {
  return a.state === b.state && a.opens_at === b.opens_at && a.closes_at === b.closes_at && a.draw_at === b.draw_at;
}
