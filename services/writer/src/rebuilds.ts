/**
 * Rooms whose history Redis has lost, to be rebuilt by the api from Postgres and the log. Asked for until the api has
 * done it; a room that is asked for twice meanwhile is rebuilt once.
 */
import type { RoomName } from "@drawchat/protocol/ids";
import { Backoff } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";

const REQUEST_TIMEOUT_MS = 5_000;

export class Rebuilds {
  readonly #apiUrl: string;
  readonly #log: Log;
  readonly #wanted = new Set<RoomName>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(apiInternalUrl: string, log: Log) {
    this.#apiUrl = apiInternalUrl;
    this.#log = log;
  }

  get pending(): number {
    return this.#wanted.size;
  }

  request(room: RoomName): void {
    this.#wanted.add(room);
    this.#loop ??= this.#run();
  }

  /** One attempt, at once: whether the room is there now is for the caller to find out. */
  async now(room: RoomName): Promise<void> {
    await this.#rebuild(room);
  }

  /** Gives up on what is still wanted: gateways find such a loss by the tip as well. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff({ baseMs: 200, capMs: 5_000 });
    while (this.#wanted.size > 0 && !signal.aborted) {
      for (const room of this.#wanted) {
        if (await this.#rebuild(room)) this.#wanted.delete(room);
      }
      if (this.#wanted.size > 0) await backoff.wait(signal);
    }
    // In the same turn as the last look at what is wanted: a request from now on starts a loop of its own.
    this.#loop = undefined;
  }

  async #rebuild(room: RoomName): Promise<boolean> {
    try {
      const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]);
      const response = await fetch(new URL(`/internal/rooms/${room}/rebuild`, this.#apiUrl), { method: "POST", signal });
      await response.body?.cancel();
      // A room without a session has nothing that could come back.
      if (response.status === 404) return true;
      if (!response.ok) throw new Error(`the api answered ${response.status}`);
      this.#log.info({ component: "live_chat", room }, "room rebuilt");
      return true;
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        this.#log.warn({ component: "live_chat", room, err: error }, "room not rebuilt yet, trying again");
      }
      return false;
    }
  }
}
