/**
 * One conversation on the screen: what its rooms tell gathered into what is shown, older pages by REST, and what the
 * person does. Redrawing is the owner's: `onChange` says that something is different.
 */
import type { ConnectionState } from "@drawchat/client/chat-events";
import type { RoomEvents, RoomState } from "@drawchat/client/conversation-events";
import type { ConversationRoom } from "@drawchat/client/conversation-room";
import type { ConversationsApi } from "@drawchat/client/conversations-api";
import type { ConversationsClient } from "@drawchat/client/conversations-client";
import type { OwnContent } from "@drawchat/client/outbox";
import type { ConversationSummary, MemberInfo } from "@drawchat/protocol/conversations";
import type { Conversation, ConversationChange } from "@drawchat/protocol/conversations-rest";
import { conversationRoom, notesRoom } from "@drawchat/protocol/ids";
import type { Person } from "../avatar.tsx";
import { problemWords } from "./problems.ts";
import { seenBy } from "./seen.ts";
import type { ConversationTextName } from "./texts.ts";
import { type Item, type RoomPart, type Self, Thread } from "./thread.ts";

const PAGE_MESSAGES = 50;

export interface ModelParts {
  client: ConversationsClient;
  api: ConversationsApi;
  self: Self;
  conversationId: number;
  /** Agents see the notes. */
  hasNotes: boolean;
  onChange: () => void;
}

export interface Older {
  has: boolean;
  isLoading: boolean;
  hasFailed: boolean;
}

export class ConversationModel {
  readonly id: number;
  readonly self: Self;
  readonly #parts: ModelParts;
  readonly #rooms: Partial<Record<RoomPart, ConversationRoom>> & { talk: ConversationRoom };
  readonly #thread: Thread;
  readonly #stops: (() => void)[] = [];
  /** Counts resets: a page that was asked for before one does not belong here any more. */
  #resets = 0;
  #detail: Conversation | undefined;
  #isDetailLoading = false;
  #isOlderLoading = false;
  #hasOlderFailed = false;
  /** The rooms that were joined once. */
  readonly #joined = new Set<RoomPart>();
  /** Of the first join: what came later was read as it came. */
  #unreadFrom: number | undefined;
  #items: Item[] | undefined;
  #sent = 0;
  #notice: ConversationTextName | undefined;

  constructor(parts: ModelParts) {
    const { client, conversationId, hasNotes, self } = parts;
    this.id = conversationId;
    this.self = self;
    this.#parts = parts;
    this.#thread = new Thread(self, { hasNotes });
    const talk = client.room(conversationRoom(conversationId));
    this.#rooms = hasNotes ? { talk, notes: client.room(notesRoom(conversationId)) } : { talk };
  }

  // ---- what is shown -----------------------------------------------------------------------------------------------

  /** The same array as long as nothing in it changed. */
  get items(): readonly Item[] {
    this.#items ??= this.#thread.items(this.#unreadFrom);
    return this.#items;
  }

  get older(): Older {
    return { has: this.#thread.floor > 0, isLoading: this.#isOlderLoading, hasFailed: this.#hasOlderFailed };
  }

  get connection(): ConnectionState {
    return this.#parts.client.state;
  }

  /** Of the room in which they talk. */
  get state(): RoomState {
    return this.#rooms.talk.state;
  }

  /** Undefined until it is loaded. */
  get detail(): Conversation | undefined {
    return this.#detail;
  }

  get members(): ReadonlyMap<number, MemberInfo> {
    return this.#rooms.talk.members;
  }

  get isBotOn(): boolean {
    return this.state.name === "joined" ? this.#rooms.talk.isBotOn : (this.#detail?.is_bot_on ?? false);
  }

  get isMember(): boolean {
    return this.members.has(this.self.userId);
  }

  /** The names of those who type. */
  get typing(): string[] {
    return [...this.#rooms.talk.typing].flatMap((userId) => this.personOf(userId)?.username ?? []);
  }

  /** Under which item it is told who has read so far: names by the item's key. */
  get seen(): ReadonlyMap<string, readonly string[]> {
    return seenBy(
      this.items,
      [...this.members.values()].filter(({ user_id }) => user_id !== this.self.userId),
      (userId) => this.personOf(userId)?.username,
    );
  }

  /** How many messages were sent from here. */
  get sent(): number {
    return this.#sent;
  }

  /** About something that was refused. */
  get notice(): ConversationTextName | undefined {
    return this.#notice;
  }

  /** Undefined where nobody of that id was seen yet. */
  personOf(userId: number): Person | undefined {
    const participant = this.#detail?.participants.find(({ user_id }) => user_id === userId);
    if (participant) return { userId, username: participant.username, profilePic: participant.profile_pic };
    const item = this.items.find((candidate) => candidate.kind === "message" && candidate.message.userId === userId);
    return item?.kind === "message" ? item.message : undefined;
  }

  has(messageId: number): boolean {
    return this.#thread.has(messageId);
  }

  // ---- the life of it ----------------------------------------------------------------------------------------------

  start(): void {
    const { client } = this.#parts;
    this.#listen("talk", this.#rooms.talk);
    if (this.#rooms.notes) this.#listen("notes", this.#rooms.notes);
    this.#stops.push(
      client.on("state", () => this.#changed()),
      client.on("user", () => void this.#loadDetail()),
      client.on("inbox", (summary) => this.#onInbox(summary)),
    );
    for (const room of Object.values(this.#rooms)) room.join();
    void this.#loadDetail();
  }

  /** Leaves the rooms once everything written here is stored. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    for (const room of Object.values(this.#rooms)) room.leave();
    this.#resets += 1;
  }

  #listen(part: RoomPart, room: ConversationRoom): void {
    for (const own of room.unsettled) this.#thread.setOwn(part, own);
    const on = <Name extends keyof RoomEvents>(name: Name, change: (value: RoomEvents[Name]) => void) => {
      this.#stops.push(room.on(name, (value) => this.#edit(() => change(value))));
    };
    on("reset", () => this.#onReset(part));
    on("message", (message) => this.#thread.add(message));
    on("edit", (message) => this.#thread.replace(message));
    on("delete", ({ message_id }) => this.#thread.remove(message_id, Date.now()));
    on("own", (own) => this.#thread.setOwn(part, own));
    on("typing", () => undefined);
    on("state", (state) => {
      if (state.name === "joined") this.#onJoined(part);
    });
    if (part === "notes") return;
    on("member", (event) => this.#thread.addMember(event));
    on("members", (members) => this.#onMembers(members));
  }

  /** What is on its way or there from before a second join may have changed since then. */
  #onReset(part: RoomPart): void {
    if (!this.#joined.has(part)) {
      this.#thread.beginJoin(part);
      return;
    }
    this.#resets += 1;
    this.#thread.reset(part);
  }

  #onJoined(part: RoomPart): void {
    this.#thread.endJoin(part);
    const me = this.members.get(this.self.userId);
    if (part === "talk" && !this.#joined.has(part) && me) this.#unreadFrom = this.#thread.firstUnread(me.read_upto);
    this.#joined.add(part);
  }

  #onMembers(members: ReadonlyMap<number, MemberInfo>): void {
    const known = new Set(this.#detail?.participants.map(({ user_id }) => user_id));
    if (this.#detail && (known.size !== members.size || [...members.keys()].some((userId) => !known.has(userId)))) void this.#loadDetail();
  }

  #onInbox(summary: ConversationSummary): void {
    if (summary.id === this.id && this.#detail && summary.version >= this.#detail.version) this.#setDetail({ ...this.#detail, ...summary });
  }

  async #loadDetail(): Promise<void> {
    if (this.#isDetailLoading) return;
    this.#isDetailLoading = true;
    try {
      this.#setDetail(await this.#parts.api.findConversation(this.id));
    } catch {
      // the rooms tell of the same trouble; asked again at the next connect
    } finally {
      this.#isDetailLoading = false;
    }
  }

  #setDetail(detail: Conversation): void {
    this.#detail = detail;
    this.#changed();
  }

  // ---- older pages -------------------------------------------------------------------------------------------------

  /** Does nothing while it is at it, or where nothing is older. */
  async loadOlder(): Promise<void> {
    if (this.#isOlderLoading || this.#thread.floor === 0) return;
    this.#isOlderLoading = true;
    this.#hasOlderFailed = false;
    this.#changed();
    try {
      await this.#loadPage();
    } catch {
      this.#hasOlderFailed = true;
    } finally {
      this.#isOlderLoading = false;
      this.#changed();
    }
  }

  async #loadPage(): Promise<void> {
    const resets = this.#resets;
    const { floor } = this.#thread;
    const before = floor === Number.POSITIVE_INFINITY ? {} : { before: floor };
    const { messages, next_before } = await this.#parts.api.listMessages(this.id, { limit: PAGE_MESSAGES, ...before });
    // A room that was joined meanwhile may begin above what the page knew of: then the next one is asked from there.
    const isAdjacent = floor === this.#thread.floor || (messages.at(-1)?.id ?? 0) >= this.#thread.floor;
    if (resets === this.#resets && isAdjacent) this.#edit(() => this.#thread.addOlder(messages, next_before === null));
  }

  // ---- what the person does ----------------------------------------------------------------------------------------

  send(part: RoomPart, content: OwnContent): void {
    this.#sent += 1;
    this.#unreadFrom = undefined;
    this.#edit(() => this.#rooms[part]?.send(content));
  }

  retry(clientId: string): void {
    this.#roomOf(clientId)?.retry(clientId);
  }

  discard(clientId: string): void {
    this.#roomOf(clientId)?.discard(clientId);
    this.#edit(() => this.#thread.discard(clientId));
  }

  /** Only those who are in it are seen to write. */
  typingNow(isTyping: boolean): void {
    if (this.isMember) this.#rooms.talk.typingNow(isTyping);
  }

  /** Everything that is there was read. */
  markRead(): void {
    const { lastId } = this.#thread;
    if (this.isMember && lastId > 0) this.#rooms.talk.markRead(lastId);
  }

  async edit(messageId: number, text: string): Promise<void> {
    await this.#attempt(() => this.#parts.api.editMessage(this.id, messageId, text));
  }

  async remove(messageId: number): Promise<void> {
    await this.#attempt(() => this.#parts.api.deleteMessage(this.id, messageId));
  }

  async change(change: ConversationChange): Promise<void> {
    await this.#attempt(async () => this.#setDetail(await this.#parts.api.changeConversation(this.id, change)));
  }

  async addParticipant(userId: number): Promise<void> {
    await this.#attempt(() => this.#parts.api.addParticipant(this.id, userId));
    await this.#loadDetail();
  }

  async removeParticipant(userId: number): Promise<void> {
    await this.#attempt(() => this.#parts.api.removeParticipant(this.id, userId));
    await this.#loadDetail();
  }

  /** Comes back after it paused. */
  reconnect(): void {
    this.#parts.client.start();
  }

  async #attempt(action: () => Promise<unknown>): Promise<void> {
    this.#notice = undefined;
    try {
      await action();
    } catch (error) {
      this.#notice = problemWords(error);
    }
    this.#changed();
  }

  #roomOf(clientId: string): ConversationRoom | undefined {
    return Object.values(this.#rooms).find((room) => room.unsettled.some((own) => own.clientId === clientId));
  }

  #edit(change: () => void): void {
    change();
    this.#items = undefined;
    this.#changed();
  }

  #changed(): void {
    this.#parts.onChange();
  }
}
