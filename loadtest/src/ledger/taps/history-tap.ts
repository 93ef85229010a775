/** What a chat tells of a room over REST, where only its URL is given: stands for the table, since it is joined from it. */
import { type RoomName, roomNumber } from "@drawchat/protocol/ids";
import { Backoff } from "@drawchat/runtime/backoff";
import Type from "typebox";
import Compile from "typebox/compile";
import { parseLoadText } from "../../generator/load-text.ts";
import type { LoadEvent } from "../event-list.ts";

export interface HistoryTapOptions {
  run: number;
  /** Of the api: `https://chat.example.org`. */
  url: string;
  /** A token that it takes. */
  token: string;
  /** Of one page; default a minute. */
  retryWithinMs?: number;
}

const ANSWER_WITHIN_MS = 10_000;
/** A chat that has just been loaded may refuse (429, 503) or keep one waiting for a while: a page is asked for again within this. */
const RETRY_WITHIN_MS = 60_000;
const RETRY = { baseMs: 250, capMs: 5_000 };
const checkPage = Compile(Type.Object({ messages: Type.Array(Type.Object({ id: Type.Integer({ minimum: 1 }), message: Type.String() })) }));

export class HistoryTap {
  readonly #options: HistoryTapOptions;

  constructor(options: HistoryTapOptions) {
    this.#options = options;
  }

  /**
   * In order of their ids, from the newest down to where `after` is reached. How many make a page is the chat's own choice: it
   * refuses to be asked for more than its limit. Rejects where it does not answer for a minute.
   */
  async stored(room: RoomName, after: number): Promise<LoadEvent[]> {
    const pages: LoadEvent[][] = [];
    for (let before: number | undefined; ; ) {
      const messages = await this.#askAgain(() => this.#page(room, before));
      const events = messages.flatMap(({ id, message }) => {
        const load = parseLoadText(message);
        return id > after && load?.run === this.#options.run ? [{ id, sender: load.sender, n: load.n }] : [];
      });
      pages.push(events);
      before = messages[0]?.id;
      if (before === undefined || before <= after) return pages.reverse().flat();
    }
  }

  async #askAgain<T>(ask: () => Promise<T>): Promise<T> {
    const untilMs = performance.now() + (this.#options.retryWithinMs ?? RETRY_WITHIN_MS);
    const backoff = new Backoff(RETRY);
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (performance.now() >= untilMs) throw error;
        await backoff.wait();
      }
    }
  }

  /** Oldest first. */
  async #page(room: RoomName, before: number | undefined): Promise<{ id: number; message: string }[]> {
    const url = new URL("/live-chat/messages", this.#options.url);
    url.searchParams.set("session_id", String(roomNumber(room)));
    if (before !== undefined) url.searchParams.set("before", String(before));
    const headers = { Authorization: `Bearer ${this.#options.token}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const body: unknown = await response.json().catch(() => undefined); // a balancer refuses with a page of its own
    if (!response.ok || !checkPage.Check(body)) throw new TypeError(`no history of ${room}: ${response.status}`);
    return body.messages;
  }
}
