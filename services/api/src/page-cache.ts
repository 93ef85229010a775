/**
 * Pages of messages, kept as bytes. The newest page is good as long as a look at the room shows that nothing was accepted
 * since it was read (every message, edit, deletion and like moves the partition's last id); it is read again after
 * 500 ms all the same, for what Postgres alone may change. Older pages are good for 500 ms.
 */
import type { Db } from "@drawchat/db/connect";
import { listMessages } from "@drawchat/db/messages";
import type { ChatMessage } from "@drawchat/protocol/frames";
import { sessionRoom } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import { Lru } from "@drawchat/runtime/lru";
import { AgedRead } from "./aged-read.ts";
import { type Answer, answerOf } from "./answer.ts";
import { type PageRequest, readMessagePage } from "./message-page.ts";
import type { RoomGlances } from "./room-glances.ts";
import { SharedRead } from "./shared-read.ts";

const MAX_AGE_MS = 500;
/** In a busy room every look finds something new: reading and encoding a page so often is a fifth of the process's time at most. */
const MIN_GAP_MS = 5;
const MAX_PAGES = 100;

interface PageCacheParts {
  redis: RedisClient;
  db: Db;
  glances: RoomGlances;
}

export class PageCache {
  readonly #parts: PageCacheParts;
  readonly #newest = new Lru<string, NewestPage>(MAX_PAGES);
  readonly #older = new Lru<string, AgedRead<Answer>>(MAX_PAGES);

  constructor(parts: PageCacheParts) {
    this.#parts = parts;
  }

  /** Rejects where Redis is away, or Postgres when it is needed. */
  read(request: PageRequest): Promise<Answer> {
    return request.before === undefined ? this.#readNewest(request) : this.#readOlder(request);
  }

  #readNewest(request: PageRequest): Promise<Answer> {
    const key = `${request.sessionId} ${request.limit}`;
    const page = this.#newest.get(key) ?? new NewestPage(this.#parts, request);
    this.#newest.set(key, page);
    return page.read();
  }

  #readOlder(request: PageRequest): Promise<Answer> {
    const key = `${request.sessionId} ${request.limit} ${request.before}`;
    const page = this.#older.get(key) ?? new AgedRead({ read: () => this.#readOlderNow(request), maxAgeMs: MAX_AGE_MS });
    this.#older.set(key, page);
    return page.get();
  }

  async #readOlderNow(request: PageRequest): Promise<Answer> {
    return answerOf({ messages: await readMessagePage(this.#parts, request) });
  }
}

class NewestPage {
  readonly #parts: PageCacheParts;
  readonly #request: PageRequest;
  readonly #reads: SharedRead<Answer>;
  #lastSeen = "";
  #kept: { answer: Answer; version: string; readAtMs: number } | undefined;
  #stored: { start: number | undefined; messages: ChatMessage[]; readAtMs: number } | undefined;

  constructor(parts: PageCacheParts, request: PageRequest) {
    this.#parts = parts;
    this.#request = request;
    this.#reads = new SharedRead(() => this.#readNow(), { minGapMs: MIN_GAP_MS });
  }

  async read(): Promise<Answer> {
    const { version } = await this.#parts.glances.look(sessionRoom(this.#request.sessionId));
    this.#lastSeen = version;
    const kept = this.#kept;
    if (kept !== undefined && kept.version === version && performance.now() - kept.readAtMs < MAX_AGE_MS) return kept.answer;
    return await this.#reads.read();
  }

  async #readNow(): Promise<Answer> {
    const version = this.#lastSeen; // seen before the read: what is read is this or newer
    const readAtMs = performance.now();
    const messages = await readMessagePage(this.#parts, this.#request, (start) => this.#listStored(start));
    const answer = answerOf({ messages });
    this.#kept = { answer, version, readAtMs };
    return answer;
  }

  /**
   * What fills a page that history does not. Whatever leaves history moves its start; while that stands, rows below it are
   * only changed, never added.
   */
  async #listStored(start: number | undefined): Promise<ChatMessage[]> {
    const stored = this.#stored;
    const readAtMs = performance.now();
    if (stored !== undefined && stored.start === start && readAtMs - stored.readAtMs < MAX_AGE_MS) return stored.messages;
    const messages = await listMessages(this.#parts.db, this.#request);
    this.#stored = { start, messages, readAtMs };
    return messages;
  }
}
