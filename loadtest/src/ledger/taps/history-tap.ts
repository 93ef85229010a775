/** What a chat tells of a room over REST, where only its URL is given: stands for the table, since it is joined from it. */
import { type RoomName, roomNumber } from "@drawchat/protocol/ids";
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
}

const ANSWER_WITHIN_MS = 10_000;
const checkPage = Compile(Type.Object({ messages: Type.Array(Type.Object({ id: Type.Integer({ minimum: 1 }), message: Type.String() })) }));

export class HistoryTap {
  readonly #options: HistoryTapOptions;

  constructor(options: HistoryTapOptions) {
    this.#options = options;
  }

  /**
   * In order of their ids, from the newest down to where `after` is reached. How many make a page is the chat's own choice: it
   * refuses to be asked for more than its limit. Rejects where it does not answer.
   */
  async stored(room: RoomName, after: number): Promise<LoadEvent[]> {
    const pages: LoadEvent[][] = [];
    for (let before: number | undefined; ; ) {
      const messages = await this.#page(room, before);
      const events = messages.flatMap(({ id, message }) => {
        const load = parseLoadText(message);
        return id > after && load?.run === this.#options.run ? [{ id, sender: load.sender, n: load.n }] : [];
      });
      pages.push(events);
      before = messages[0]?.id;
      if (before === undefined || before <= after) return pages.reverse().flat();
    }
  }

  /** Oldest first. */
  async #page(room: RoomName, before: number | undefined): Promise<{ id: number; message: string }[]> {
    const url = new URL("/live-chat/messages", this.#options.url);
    url.searchParams.set("session_id", String(roomNumber(room)));
    if (before !== undefined) url.searchParams.set("before", String(before));
    const headers = { Authorization: `Bearer ${this.#options.token}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const body: unknown = await response.json();
    if (!response.ok || !checkPage.Check(body)) throw new TypeError(`no history of ${room}: ${response.status}`);
    return body.messages;
  }
}
