/**
 * The list of conversations as one agent filters it: pages by REST, changes as the inbox frames bring them. Of two
 * versions of a conversation the higher one holds, whichever way it came. Newest activity first.
 */
import type { ConversationsApi, ListRequest } from "@drawchat/client/conversations-api";
import type { ConversationsClient } from "@drawchat/client/conversations-client";
import type { ConversationSummary } from "@drawchat/protocol/conversations";
import type { Conversation, ConversationStatus } from "@drawchat/protocol/conversations-rest";
import { problemWords } from "./problems.ts";
import type { ConversationTextName } from "./texts.ts";

const PAGE = 50;
/** So many are read again at once after a reconnect; the rest comes by scrolling. */
const REFRESH_MAX = 200;

export interface Filter {
  whose: "mine" | "unassigned" | "all";
  /** Undefined: any. */
  status: ConversationStatus | undefined;
  isUnread: boolean;
}

export interface InboxListOptions {
  api: Pick<ConversationsApi, "listConversations" | "findConversation">;
  client: Pick<ConversationsClient, "on">;
  myId: number;
  filter: Filter;
  onChange: () => void;
}

export class InboxList {
  readonly #options: InboxListOptions;
  readonly #stops: (() => void)[] = [];
  #filter: Filter;
  readonly #byId = new Map<number, Conversation>();
  #next: string | null = null;
  /** Counts filters and refreshes: an answer to an earlier one is not shown. */
  #life = 0;
  #isLoading = false;
  #problem: ConversationTextName | undefined;
  #isLoaded = false;
  /** Gone while an answer that may still hold them is on its way. */
  readonly #removed = new Set<number>();

  constructor(options: InboxListOptions) {
    this.#options = options;
    this.#filter = options.filter;
  }

  get filter(): Filter {
    return this.#filter;
  }

  get entries(): Conversation[] {
    return [...this.#byId.values()].sort(byActivity);
  }

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** What is there is what there is: a first page has come for this filter. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get isLoading(): boolean {
    return this.#isLoading;
  }

  /** Why the list could not be loaded, or no further. */
  get problem(): ConversationTextName | undefined {
    return this.#problem;
  }

  start(): void {
    const { client } = this.#options;
    this.#stops.push(
      client.on("inbox", (summary) => this.#onSummary(summary)),
      client.on("inboxRemoved", (id) => this.#onRemoved(id)),
      client.on("user", () => void this.refresh()), // what changed while away
      client.on("inboxStale", () => void this.refresh()),
    );
    void this.refresh();
  }

  stop(): void {
    this.#life += 1;
    for (const stop of this.#stops.splice(0)) stop();
  }

  setFilter(filter: Filter): void {
    this.#filter = filter;
    this.#byId.clear();
    this.#isLoaded = false;
    void this.refresh();
  }

  /** Reads again as many as are there. */
  async refresh(): Promise<void> {
    const wanted = Math.min(REFRESH_MAX, this.#byId.size);
    const fresh: Conversation[] = [];
    this.#removed.clear();
    await this.#load(async (isCurrent) => {
      let next: string | null = null;
      do {
        const page = await this.#page(next);
        fresh.push(...page.conversations);
        next = page.next_before;
      } while (next !== null && fresh.length < wanted && isCurrent());
      if (!isCurrent()) return;
      const known = new Map(this.#byId);
      this.#byId.clear();
      for (const conversation of fresh) this.#put(newerOf(conversation, known.get(conversation.id)));
      this.#next = next;
      this.#isLoaded = true;
    });
  }

  /** The next page; does nothing while it is at it, or where there is none. */
  async loadMore(): Promise<void> {
    if (this.#isLoading || this.#next === null) return;
    const from = this.#next;
    await this.#load(async (isCurrent) => {
      const page = await this.#page(from);
      if (!isCurrent()) return;
      for (const conversation of page.conversations) this.#put(newerOf(conversation, this.#byId.get(conversation.id)));
      this.#next = page.next_before;
    });
  }

  async #load(read: (isCurrent: () => boolean) => Promise<void>): Promise<void> {
    this.#life += 1;
    const life = this.#life;
    const isCurrent = () => life === this.#life;
    this.#isLoading = true;
    this.#problem = undefined;
    this.#options.onChange();
    try {
      await read(isCurrent);
    } catch (error) {
      if (isCurrent()) this.#problem = problemWords(error);
    }
    if (!isCurrent()) return;
    this.#isLoading = false;
    this.#options.onChange();
  }

  #page(before: string | null) {
    const { whose, status, isUnread } = this.#filter;
    const request: ListRequest = { limit: PAGE };
    if (whose !== "all") request.assignee = whose === "mine" ? this.#options.myId : "none";
    if (status) request.status = status;
    if (isUnread) request.unread = true;
    if (before !== null) request.before = before;
    return this.#options.api.listConversations(request);
  }

  #put(conversation: Conversation): void {
    if (this.#isShown(conversation) && !this.#removed.has(conversation.id)) this.#byId.set(conversation.id, conversation);
    else this.#byId.delete(conversation.id);
  }

  #onSummary(summary: ConversationSummary): void {
    const known = this.#byId.get(summary.id);
    if (known && summary.version < known.version) return;
    this.#removed.delete(summary.id);
    if (known) this.#put({ ...known, ...summary });
    else if (this.#isShown(summary) && !this.#isBelow(summary)) void this.#meet(summary);
    this.#options.onChange();
  }

  /** New here: shown at once, with its people as soon as they are known. */
  async #meet(summary: ConversationSummary): Promise<void> {
    this.#put({ ...summary, participants: [] });
    try {
      const conversation = await this.#options.api.findConversation(summary.id);
      const known = this.#byId.get(summary.id);
      if (known) this.#put({ ...newerOf(known, conversation), participants: conversation.participants });
    } catch {
      // it stays without names until the next refresh
    }
    this.#options.onChange();
  }

  #onRemoved(id: number): void {
    this.#removed.add(id);
    this.#byId.delete(id);
    this.#options.onChange();
  }

  #isShown({ assignee_id, status, unread_count }: ConversationSummary): boolean {
    const { whose, status: wanted, isUnread } = this.#filter;
    if (whose === "mine" && assignee_id !== this.#options.myId) return false;
    if (whose === "unassigned" && assignee_id !== null) return false;
    return (wanted === undefined || status === wanted) && (!isUnread || unread_count > 0);
  }

  /** Beyond what was loaded: a later page brings it. */
  #isBelow(summary: ConversationSummary): boolean {
    const last = this.entries.at(-1);
    return this.hasMore && last !== undefined && byActivity(summary, last) > 0;
  }
}

function newerOf(a: Conversation, b: Conversation | undefined): Conversation {
  return b && b.version > a.version ? b : a;
}

function byActivity(a: ConversationSummary, b: ConversationSummary): number {
  return Date.parse(b.last_activity_at) - Date.parse(a.last_activity_at) || b.id - a.id;
}
