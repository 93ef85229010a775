/** One session on the screen: the SDK's events gathered into a view, with at most one redraw per animation frame. */
import { ChatClient } from "@drawchat/client/chat-client";
import type { ConnectionState } from "@drawchat/client/chat-events";
import type { OwnMessage } from "@drawchat/client/outbox";
import type { ChatMessage, SessionInfo } from "@drawchat/protocol/frames";
import { ApiError, fetchMessages, likeMessage, likeSession } from "./api.ts";
import type { Person } from "./person.ts";
import { type Line, Timeline } from "./timeline.ts";

/** Everything the components show. */
export interface ChatView {
  connection: ConnectionState;
  session: SessionInfo;
  lines: Line[];
  /** True while lines come faster than a screen reader could say them. */
  isRushing: boolean;
  viewers: number;
  totalLikes: number;
  hasLikedSession: boolean;
  likedMessages: ReadonlySet<number>;
  maxChars: number;
  /** Until then (Unix ms, local clock) the server takes no message of this person; 0: it does. */
  limitedUntil: number;
  /** A short sentence about something that was refused. */
  notice: string | undefined;
}

export interface SessionStart {
  session: SessionInfo;
  viewers: number;
  totalLikes: number;
}

const RUSH_LINES = 12;
const RUSH_WINDOW_MS = 10_000;

export class ChatModel {
  readonly #person: Person;
  readonly #client: ChatClient;
  readonly #timeline: Timeline;
  readonly #onChange: () => void;
  readonly #liked: Set<number>;
  #view: ChatView;
  #frame = 0;
  #recentLines: number[] = [];

  constructor(person: Person, start: SessionStart, onChange: () => void) {
    this.#person = person;
    this.#onChange = onChange;
    this.#liked = loadLiked(this.#likedKey(start.session.session_id));
    this.#timeline = new Timeline({ userId: person.userId, username: person.username, profilePic: null, isHost: false });
    this.#client = new ChatClient({
      url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}`,
      sessionId: start.session.session_id,
      token: person.token,
      ...storageOf(`drawchat.outbox.${start.session.session_id}.${person.userId}`),
    });
    this.#view = {
      connection: this.#client.state,
      session: start.session,
      lines: [],
      isRushing: false,
      viewers: start.viewers,
      totalLikes: start.totalLikes,
      hasLikedSession: this.#liked.has(0),
      likedMessages: this.#liked,
      maxChars: 500,
      limitedUntil: 0,
      notice: undefined,
    };
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
    this.#client.stop();
  }

  send(text: string): void {
    this.#set({ notice: undefined });
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
      const likes = await likeMessage(this.#person.token, id);
      if (likes !== undefined) this.#timeline.setLikes({ [id]: likes });
    });
  }

  async likeSession(): Promise<void> {
    await this.#like(0, async () => {
      const totalLikes = await likeSession(this.#person.token, this.#view.session.session_id);
      if (totalLikes !== undefined) this.#set({ totalLikes });
    });
  }

  async #like(target: number, ask: () => Promise<void>): Promise<void> {
    if (this.#liked.has(target)) return;
    this.#setLiked(target, true);
    try {
      await ask();
      this.#changed();
    } catch (error) {
      this.#setLiked(target, false);
      this.#set({ notice: error instanceof ApiError ? error.message : "The like did not reach the server." });
    }
  }

  /** 0 stands for the session. */
  #setLiked(target: number, isLiked: boolean): void {
    if (isLiked) this.#liked.add(target);
    else this.#liked.delete(target);
    saveLiked(this.#likedKey(this.#view.session.session_id), this.#liked);
    this.#set({ hasLikedSession: this.#liked.has(0) });
  }

  #likedKey(sessionId: number): string {
    return `drawchat.liked.${sessionId}.${this.#person.userId}`;
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
    client.on("refused", (refused) => this.#set({ notice: refused.message }));
    client.on("counts", ({ viewers, total_likes: totalLikes, likes }) => {
      if (likes) this.#timeline.setLikes(likes);
      this.#set({ viewers: viewers ?? this.#view.viewers, totalLikes: totalLikes ?? this.#view.totalLikes });
    });
  }

  #onMessage(message: ChatMessage): void {
    this.#recentLines.push(Date.now());
    this.#edit(() => this.#timeline.add(message));
  }

  #onOwn(own: OwnMessage): void {
    const { status } = own;
    if (status.state === "failed" && status.code === "rate_limited") {
      this.#set({ limitedUntil: Date.now() + (status.retryAfterMs ?? 5_000) });
    }
    this.#edit(() => this.#timeline.setOwn(own));
  }

  async #readOnly(): Promise<void> {
    const messages = await fetchMessages(this.#person.token, this.#view.session.session_id).catch(() => []);
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

  /** Many events, one redraw: a hot room brings hundreds of lines a second. */
  #changed(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      const since = Date.now() - RUSH_WINDOW_MS;
      this.#recentLines = this.#recentLines.filter((at) => at > since).slice(-RUSH_LINES);
      this.#view = { ...this.#view, lines: this.#timeline.lines, isRushing: this.#recentLines.length >= RUSH_LINES };
      this.#onChange();
    });
  }
}

function storageOf(storageKey: string): { storage?: Storage; storageKey?: string } {
  try {
    return { storage: sessionStorage, storageKey };
  } catch {
    return {}; // storage forbidden: unsent messages last until the next reload
  }
}

function loadLiked(key: string): Set<number> {
  try {
    const saved: unknown = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return new Set(Array.isArray(saved) ? saved.filter((id) => typeof id === "number") : []);
  } catch {
    return new Set(); // unknown likes are learned from the server's "already liked"
  }
}

function saveLiked(key: string, liked: Set<number>): void {
  try {
    sessionStorage.setItem(key, JSON.stringify([...liked].slice(-500)));
  } catch {
    // storage forbidden: see loadLiked
  }
}
