/**
 * What stands in a conversation: its messages, its private notes (for agents) and who came and went, merged by id, and
 * own messages that the rooms have not shown yet. Each message is one item, whichever of its halves arrives first: the
 * room's event, or the acknowledgement that names its id.
 *
 * Each room is known without a gap from its lowest message on. What is shown begins where both are known; pages of older
 * messages begin there too, and hold messages and notes alike.
 */
import type { OwnMessage } from "@drawchat/client/outbox";
import type { Attachment, ConversationEvent, ConversationMessage, UserRole } from "@drawchat/protocol/conversations";
import { idTimeMs } from "@drawchat/protocol/ids";

/** Messages of one person closer than this stand under one name. */
const GROUP_MS = 5 * 60_000;

export type RoomPart = "talk" | "notes";
export type Mark = "sending" | "sent" | "stored" | "failed";

export interface Shown {
  /** Stays the same from the first "sending" on. */
  key: string;
  /** Undefined until the server has given it its place. */
  id: number | undefined;
  userId: number;
  username: string;
  profilePic: string | null;
  role: UserRole;
  text: string;
  attachment: Attachment | null;
  at: number;
  isNote: boolean;
  isMine: boolean;
  isDeleted: boolean;
  isEdited: boolean;
  mark: Mark | undefined;
  /** The own message behind one that failed. */
  failed: OwnMessage | undefined;
}

export type Item =
  | { kind: "day"; key: string; at: number }
  /** What is below was not read before. */
  | { kind: "unread"; key: string }
  | { kind: "member"; key: string; at: number; username: string; joined: boolean }
  | { kind: "message"; key: string; message: Shown; startsGroup: boolean };

export interface Self {
  userId: number;
  username: string;
  profilePic: string | null;
  role: UserRole;
}

type MemberEvent = Extract<ConversationEvent, { type: "member" }>;
/** A message or a coming and going, in its place. */
type Placed = { id: number; at: number; message: Shown } | { id: number; at: number; member: MemberEvent };

export class Thread {
  readonly #messages = new Map<number, ConversationMessage>();
  /** From which id on all of a room is known: Infinity nothing yet, 0 everything there is. */
  readonly #known: Record<RoomPart, number>;
  /** Rooms whose first messages are to come: the last one that a page brought before. */
  readonly #joining = new Map<RoomPart, number>();
  #members: MemberEvent[] = [];
  readonly #own = new Map<string, { own: OwnMessage; part: RoomPart }>();
  /** Own messages by id: their key, and how far they got. */
  readonly #mine = new Map<number, { clientId: string; mark: Mark }>();
  /** Own messages without acknowledgement that the room has shown already, as far as the content tells. */
  readonly #likely = new Map<string, number>();
  /** As they were made: an unchanged message is the same object again, and is not drawn again. */
  readonly #made = new WeakMap<ConversationMessage, Shown>();
  readonly #self: Self;

  /** `hasNotes`: for those who see them. */
  constructor(self: Self, { hasNotes }: { hasNotes: boolean }) {
    this.#self = self;
    this.#known = { talk: Number.POSITIVE_INFINITY, notes: hasNotes ? Number.POSITIVE_INFINITY : 0 };
  }

  /** Forgets what a room showed; own messages that are not settled stay. */
  reset(part: RoomPart): void {
    for (const { id } of this.#messagesOf(part)) this.#messages.delete(id);
    this.#known[part] = Number.POSITIVE_INFINITY;
    if (part === "talk") this.#members = [];
  }

  /**
   * A room is joined for the first time: a page that came before stays where the room's latest messages, which are added
   * next, reach down to it. Up to `endJoin`.
   */
  beginJoin(part: RoomPart): void {
    if (Number.isFinite(this.#known[part])) this.#joining.set(part, this.#lastOf(part));
  }

  endJoin(part: RoomPart): void {
    this.#joining.delete(part);
  }

  /** A message of a room, in rising order. */
  add(message: ConversationMessage): void {
    const part = partOf(message);
    if (message.id > (this.#joining.get(part) ?? Number.POSITIVE_INFINITY)) this.reset(part); // there is a gap
    this.endJoin(part);
    this.#messages.set(message.id, message);
    this.#known[part] = Math.min(this.#known[part], message.id);
    if (message.user_id === this.#self.userId && !this.#mine.has(message.id)) this.#guessOwn(part, message);
  }

  addMember(event: MemberEvent): void {
    if (event.id > (this.#members.at(-1)?.id ?? 0)) this.#members.push(event);
  }

  /** Where older messages begin: Infinity nothing is known yet, 0 there are none. */
  get floor(): number {
    return Math.max(this.#known.talk, this.#known.notes);
  }

  /** A page of messages and notes below the floor. `isLast`: nothing is below it. */
  addOlder(messages: readonly ConversationMessage[], isLast: boolean): void {
    for (const message of messages) if (!this.#messages.has(message.id)) this.#messages.set(message.id, message);
    const lowest = isLast ? 0 : (messages[0]?.id ?? this.floor);
    this.#known.talk = Math.min(this.#known.talk, lowest);
    this.#known.notes = Math.min(this.#known.notes, lowest);
  }

  replace(message: ConversationMessage): void {
    if (this.#messages.has(message.id)) this.#messages.set(message.id, message);
  }

  /** It is a tombstone from here on. */
  remove(messageId: number, at: number): void {
    const message = this.#messages.get(messageId);
    if (message) this.#messages.set(messageId, { ...message, message: "", attachment: null, deleted_at: new Date(at).toISOString() });
  }

  has(messageId: number): boolean {
    return this.#messages.has(messageId);
  }

  /** The last message of the talk, whoever wrote it; 0: none. */
  get lastId(): number {
    return this.#lastOf("talk");
  }

  /** An own message was queued or moved on. */
  setOwn(part: RoomPart, own: OwnMessage): void {
    const { clientId, id, status } = own;
    if (id !== undefined) this.#endGuess(clientId, id);
    if (id !== undefined && (status.state === "accepted" || status.state === "stored")) {
      this.#mine.set(id, { clientId, mark: status.state === "stored" ? "stored" : "sent" });
    }
    if (status.state === "stored") this.#own.delete(clientId);
    else this.#own.set(clientId, { own, part });
  }

  /** A failed message was given up. */
  discard(clientId: string): void {
    this.#own.delete(clientId);
  }

  /** The first message of others above a read mark; undefined: all was read. */
  firstUnread(readUpto: number): number | undefined {
    const unread = [...this.#messages.values()].filter(
      ({ id, user_id, message_type }) => id > readUpto && user_id !== this.#self.userId && message_type !== "note",
    );
    return unread.length === 0 ? undefined : Math.min(...unread.map(({ id }) => id));
  }

  /** `unreadFrom`: a line stands before this message. */
  items(unreadFrom?: number): Item[] {
    const placed = this.#placed();
    const items: Item[] = [];
    let before: Shown | undefined;
    let day = "";
    for (const entry of placed) {
      const today = new Date(entry.at).toDateString();
      if (today !== day) items.push({ kind: "day", key: `day ${today}`, at: entry.at });
      if (entry.id === unreadFrom) {
        items.push({ kind: "unread", key: "unread" });
        before = undefined;
      }
      if ("member" in entry) items.push(memberItem(entry.member, entry.at));
      else items.push(messageItem(entry.message, today === day ? before : undefined));
      before = "message" in entry ? entry.message : undefined;
      day = today;
    }
    return items;
  }

  /** Without a gap; those that have no place yet stand at the end. A room that tells nothing yet holds up nothing. */
  #placed(): Placed[] {
    const from = Math.max(...Object.values(this.#known).filter(Number.isFinite), 0);
    const placed: Placed[] = [...this.#messages.values()].map((message) => {
      return { id: message.id, at: Date.parse(message.created_at), message: this.#shown(message) };
    });
    placed.push(...this.#members.map((member) => ({ id: member.id, at: idTimeMs(member.id), member })));
    const waiting = [...this.#own.values()].filter(({ own }) => !this.has(own.id ?? this.#likely.get(own.clientId) ?? 0));
    for (const { own, part } of waiting) {
      placed.push({ id: own.id ?? Number.MAX_SAFE_INTEGER, at: own.createdAt, message: this.#ownShown(own, part) });
    }
    return placed.filter(({ id }) => id >= from).sort((a, b) => a.id - b.id);
  }

  #messagesOf(part: RoomPart): ConversationMessage[] {
    return [...this.#messages.values()].filter((message) => partOf(message) === part);
  }

  #lastOf(part: RoomPart): number {
    return Math.max(0, ...this.#messagesOf(part).map(({ id }) => id));
  }

  /** An own message arrived before its acknowledgement: the oldest waiting one with that content is it. */
  #guessOwn(part: RoomPart, message: ConversationMessage): void {
    for (const { own, part: ownPart } of this.#own.values()) {
      if (ownPart !== part || own.id !== undefined || own.status.state !== "pending" || this.#likely.has(own.clientId)) continue;
      if (own.attachment?.upload_id !== message.attachment?.upload_id) continue;
      if (own.text.normalize("NFC").trim() !== message.message.trim()) continue;
      this.#likely.set(own.clientId, message.id);
      this.#mine.set(message.id, { clientId: own.clientId, mark: "sending" });
      return;
    }
  }

  /** The acknowledgement knows; a guess that was wrong was a message of mine from another tab. */
  #endGuess(clientId: string, id: number): void {
    const guessed = this.#likely.get(clientId);
    this.#likely.delete(clientId);
    if (guessed !== undefined && guessed !== id) this.#mine.delete(guessed);
  }

  #shown(message: ConversationMessage): Shown {
    const mine = this.#mine.get(message.id);
    const key = mine?.clientId ?? `m${message.id}`;
    const known = this.#made.get(message);
    if (known?.key === key && known.mark === mine?.mark) return known;
    const shown = shownOf(message, { key, mark: mine?.mark, isMine: message.user_id === this.#self.userId });
    this.#made.set(message, shown);
    return shown;
  }

  #ownShown(own: OwnMessage, part: RoomPart): Shown {
    const hasFailed = own.status.state === "failed";
    return {
      ...this.#self,
      key: own.clientId,
      id: own.id,
      text: own.text,
      attachment: own.attachment ?? null,
      at: own.createdAt,
      isNote: part === "notes",
      isMine: true,
      isDeleted: false,
      isEdited: false,
      mark: hasFailed ? "failed" : own.status.state === "accepted" ? "sent" : "sending",
      failed: hasFailed ? own : undefined,
    };
  }
}

function partOf(message: ConversationMessage): RoomPart {
  return message.message_type === "note" ? "notes" : "talk";
}

function shownOf(message: ConversationMessage, own: Pick<Shown, "key" | "mark" | "isMine">): Shown {
  return {
    ...own,
    id: message.id,
    userId: message.user_id,
    username: message.username,
    profilePic: message.profile_pic,
    role: message.role,
    text: message.message,
    attachment: message.attachment,
    at: Date.parse(message.created_at),
    isNote: message.message_type === "note",
    isDeleted: message.deleted_at !== null,
    isEdited: message.edited_at !== null,
    failed: undefined,
  };
}

function memberItem({ id, username, joined }: MemberEvent, at: number): Item {
  return { kind: "member", key: `member ${id}`, at, username, joined };
}

function messageItem(message: Shown, before: Shown | undefined): Item {
  const continues = before?.userId === message.userId && before.isNote === message.isNote && message.at - before.at < GROUP_MS;
  return { kind: "message", key: message.key, message, startsGroup: !continues };
}
