/**
 * The lines on the screen: what the room showed, and own messages that it has not shown yet. Each message is one line,
 * whichever of its two halves arrives first: the room's event, or the acknowledgement that names its id.
 */
import type { OwnMessage } from "@drawchat/client/outbox";
import type { ChatMessage } from "@drawchat/protocol/frames";

/** Lines shown at most where the reader stopped to read: those from there on. */
export const LINES_MAX = 200;
/** Lines shown at the end of the room, the newest: every redraw of a hot room costs by their number. */
export const FOLLOWED_LINES_MAX = 100;
/** Lines of one person closer than this stand under one name. */
const GROUP_MS = 2 * 60_000;

export type Mark = "sending" | "sent" | "stored" | "failed";

export interface Line {
  /** Stays the same from the first "sending" on, so that the line is moved and not made anew. */
  key: string;
  /** Undefined until the server has given it its place. */
  id: number | undefined;
  userId: number;
  username: string;
  profilePic: string | null;
  text: string;
  at: number;
  likes: number;
  isWinner: boolean;
  isHost: boolean;
  isMine: boolean;
  mark: Mark | undefined;
  /** An own line that the others are not shown live: there were too many at once. */
  isSkipped: boolean;
  /** The own message behind a line that failed. */
  failed: OwnMessage | undefined;
  /** True where name and picture are shown: the first of several lines of one person. */
  startsGroup: boolean;
}

export interface Self {
  userId: number;
  username: string;
  profilePic: string | null;
  isHost: boolean;
}

export class Timeline {
  /** In the order of their ids. */
  #shown: ChatMessage[] = [];
  /** The highest id that the room brought: own messages that it will not bring are beside it. */
  #upto = 0;
  /** Own messages that are not settled, by client_id, in order. */
  readonly #own = new Map<string, OwnMessage>();
  /** Own messages by id: their key, and how far they got. Leaves with the line. */
  readonly #mine = new Map<number, { clientId: string; mark: Mark; isSkipped: boolean }>();
  /** Own messages without acknowledgement whose line the room has shown already, as far as the text tells. */
  readonly #likely = new Map<string, number>();
  /** Like counts of the latest messages: they are beside the sequence and may come before their message. */
  readonly #likes = new Map<number, number>();
  /** Lines as they were made: an unchanged message is the same object again, and is not drawn again. */
  #made = new WeakMap<ChatMessage, Line>();
  readonly #continuing = new WeakMap<Line, Line>();
  #isHeld: boolean = false;
  /** Messages of others since the hold began. */
  #sinceHold = 0;
  #self: Self;

  constructor(self: Self) {
    this.#self = self;
  }

  setSelf(self: Self): void {
    if (self.userId !== this.#self.userId) this.#made = new WeakMap();
    this.#self = self;
  }

  /** Forgets what the room showed; own unsettled messages stay. */
  reset(): void {
    this.#shown = [];
    this.#upto = 0;
    this.#mine.clear();
    this.#likely.clear();
    this.#sinceHold = 0;
  }

  /** A message of the room. They come in rising order; a lower or equal id is a repeat. */
  add(message: ChatMessage): void {
    if (message.id <= this.#upto) return;
    this.#upto = message.id;
    this.#place(this.#withLikes(message));
    if (message.user_id === this.#self.userId && !this.#mine.has(message.id)) this.#guessOwn(message);
    else if (message.user_id !== this.#self.userId) this.#sinceHold += 1;
    this.#trim();
  }

  #place(message: ChatMessage): void {
    const last = this.#shown.at(-1);
    if (last !== undefined && message.id <= last.id) {
      this.#shown = this.#shown.filter(({ id }) => id !== message.id);
      this.#shown.push(message);
      this.#shown.sort((a, b) => a.id - b.id);
    } else this.#shown.push(message);
  }

  /** Held: the lines shown now stay, whatever comes. Let go: the newest are shown. */
  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#sinceHold = 0;
    this.#trim();
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The reader came to the last of the held lines: what is behind them takes their place, as far as it was kept. */
  readOn(): void {
    this.#forget(0, this.#shown.length - LINES_MAX);
  }

  /** True where lines are kept behind the held ones. */
  get hasMore(): boolean {
    return this.#isHeld && this.#shown.length > LINES_MAX;
  }

  /** How many lines of others came since the hold began. */
  get newLines(): number {
    return this.#isHeld ? this.#sinceHold : 0;
  }

  /** Held lines stay at the front; what comes behind them is kept only as far as it will be shown at the end. */
  #trim(): void {
    if (this.#isHeld) this.#forget(LINES_MAX, this.#shown.length - 2 * LINES_MAX);
    else this.#forget(0, this.#shown.length - FOLLOWED_LINES_MAX);
  }

  #forget(from: number, count: number): void {
    for (const message of this.#shown.splice(from, Math.max(0, count))) this.#mine.delete(message.id);
  }

  remove(messageId: number): void {
    this.#shown = this.#shown.filter((message) => message.id !== messageId);
    this.#mine.delete(messageId);
  }

  replace(message: ChatMessage): void {
    this.#shown = this.#shown.map((shown) => (shown.id === message.id ? this.#withLikes(message) : shown));
  }

  /** Absolute like counts by message id. */
  setLikes(likes: Record<string, number>): void {
    for (const [id, count] of Object.entries(likes)) this.#likes.set(Number(id), count);
    const oldest = this.#shown[0]?.id ?? 0;
    for (const id of this.#likes.keys()) if (id < oldest) this.#likes.delete(id);
    this.#shown = this.#shown.map((message) => this.#withLikes(message));
  }

  /** An own message was queued or moved on. */
  setOwn(own: OwnMessage): void {
    const { clientId, id, status } = own;
    if (id !== undefined) this.#endGuess(clientId, id);
    if (id !== undefined && status.state !== "failed" && status.state !== "pending") {
      this.#mine.set(id, { clientId, mark: status.state === "stored" ? "stored" : "sent", isSkipped: own.skipped === true });
    }
    if (status.state !== "stored") {
      this.#own.set(clientId, own);
      return;
    }
    this.#own.delete(clientId);
    this.#showStored(own);
  }

  /** A failed message was given up. */
  discard(clientId: string): void {
    this.#own.delete(clientId);
  }

  /** The lines to show, in order. */
  get lines(): readonly Line[] {
    const lines = this.#shown.map((message) => this.#shownLine(message));
    if (this.#own.size > 0) this.#addWaiting(lines);
    return this.#markGroups(this.#isHeld ? lines.slice(0, LINES_MAX) : lines.slice(-FOLLOWED_LINES_MAX));
  }

  /** Own messages that the room has not shown: in their place where they have one, else at the end. */
  #addWaiting(lines: Line[]): void {
    const ids = new Set(this.#shown.map((message) => message.id));
    const waiting = [...this.#own.values()].filter((own) => !ids.has(own.id ?? this.#likely.get(own.clientId) ?? -1));
    lines.push(...waiting.filter((own) => own.id !== undefined).map((own) => this.#ownLine(own)));
    lines.sort((a, b) => Number(a.id) - Number(b.id));
    lines.push(...waiting.filter((own) => own.id === undefined).map((own) => this.#ownLine(own)));
  }

  #withLikes(message: ChatMessage): ChatMessage {
    const likes = this.#likes.get(message.id);
    return likes === undefined || likes === message.likes ? message : { ...message, likes };
  }

  /** A line of mine arrived before its acknowledgement: the oldest waiting message with that text is it. */
  #guessOwn(message: ChatMessage): void {
    for (const own of this.#own.values()) {
      if (own.id !== undefined || own.status.state !== "pending" || this.#likely.has(own.clientId)) continue;
      if (own.text.normalize("NFC").trim() !== message.message.trim()) continue;
      this.#likely.set(own.clientId, message.id);
      this.#mine.set(message.id, { clientId: own.clientId, mark: "sending", isSkipped: false });
      return;
    }
  }

  /** The acknowledgement knows; a guess that was wrong was a line of mine from another tab. */
  #endGuess(clientId: string, id: number): void {
    const guessed = this.#likely.get(clientId);
    this.#likely.delete(clientId);
    if (guessed !== undefined && guessed !== id) this.#mine.delete(guessed);
  }

  /**
   * One that was left out of the live flow takes its place by itself: no event will bring it. A resend may be answered without
   * saying so; but what the room has not brought by the time it is stored was left out, or is older than all that is shown.
   */
  #showStored(own: OwnMessage): void {
    if (own.id === undefined || this.#shown.some((message) => message.id === own.id)) return;
    if (own.skipped !== true && own.id < (this.#shown[0]?.id ?? Number.POSITIVE_INFINITY)) return;
    const { userId, username, profilePic, isHost } = this.#self;
    const person = { user_id: userId, username, profile_pic: profilePic, is_host: isHost, is_winner: false };
    const message = { ...person, id: own.id, message: own.text, message_type: "text", likes: 0 };
    this.#place({ ...message, created_at: new Date(own.createdAt).toISOString() });
  }

  #shownLine(message: ChatMessage): Line {
    const mine = this.#mine.get(message.id);
    const key = mine?.clientId ?? `m${message.id}`;
    const known = this.#made.get(message);
    if (known?.key === key && known.mark === mine?.mark) return known;
    const line = { ...this.#makeLine(message, key, mine?.mark), isSkipped: mine?.isSkipped === true };
    this.#made.set(message, line);
    return line;
  }

  #makeLine(message: ChatMessage, key: string, mark: Mark | undefined): Line {
    return {
      key,
      id: message.id,
      userId: message.user_id,
      username: message.username,
      profilePic: message.profile_pic,
      text: message.message,
      at: Date.parse(message.created_at),
      likes: message.likes,
      isWinner: message.is_winner,
      isHost: message.is_host,
      isMine: message.user_id === this.#self.userId,
      mark,
      isSkipped: false,
      failed: undefined,
      startsGroup: true,
    };
  }

  #ownLine(own: OwnMessage): Line {
    const hasFailed = own.status.state === "failed";
    return {
      key: own.clientId,
      id: own.id,
      ...this.#self,
      text: own.text,
      at: own.createdAt,
      likes: 0,
      isWinner: false,
      isMine: true,
      mark: hasFailed ? "failed" : own.status.state === "accepted" ? "sent" : "sending",
      isSkipped: own.skipped === true,
      failed: hasFailed ? own : undefined,
      startsGroup: true,
    };
  }

  #markGroups(lines: Line[]): Line[] {
    return lines.map((line, index) => {
      const before = lines[index - 1];
      const continues = before !== undefined && before.userId === line.userId && line.at - before.at < GROUP_MS;
      return continues && before.isWinner === line.isWinner ? this.#continued(line) : line;
    });
  }

  #continued(line: Line): Line {
    const known = this.#continuing.get(line);
    if (known) return known;
    const made = { ...line, startsGroup: false };
    this.#continuing.set(line, made);
    return made;
  }
}
