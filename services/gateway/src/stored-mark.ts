/** How far Postgres has a room, as its sockets are told: never more than they were shown, at the pace of counts. */
import type { RoomState } from "@drawchat/redis/room-state";
import { Paced } from "./paced.ts";
import { storedFrame } from "./room-frames.ts";
import type { RoomSockets } from "./room-sockets.ts";

export class StoredMark {
  readonly #sockets: RoomSockets;
  /** Where the sequence stands for the sockets. */
  readonly #flushedUpto: () => number;
  readonly #pace: Paced;
  /** Told by Redis, and not yet reached by the sockets: 0 where nothing waits. */
  #ahead = 0;
  #stored = 0;
  #told = 0;

  constructor(sockets: RoomSockets, gapMs: () => number, flushedUpto: () => number) {
    this.#sockets = sockets;
    this.#pace = new Paced(
      gapMs,
      () => this.#tell(),
      () => sockets.seats.size,
    );
    this.#flushedUpto = flushedUpto;
  }

  /** Anew: a join or a reset. Says nothing. */
  begin(state: RoomState): void {
    this.#stored = Math.min(state.stored, state.upto);
    this.#ahead = 0;
    this.#told = 0;
  }

  /**
   * Postgres has everything of the room up to here. Where the sockets are not there yet, it waits until they are: it may
   * be of another lineage, after Redis lost its memory, and would then vouch for lost messages with lower ids.
   */
  note(upto: number): void {
    if (upto > this.#flushedUpto()) this.#ahead = Math.max(this.#ahead, upto);
    else this.#reach(upto);
  }

  /** To be called when the sockets got more events: `stored` may have waited for them. */
  noteFlushed(): void {
    if (this.#ahead !== 0 && this.#ahead <= this.#flushedUpto()) {
      this.#reach(this.#ahead);
      this.#ahead = 0;
    }
    this.#pace.ride();
  }

  /** The `stored` frame as it holds now, for one socket that just came; undefined where there is nothing to say. */
  frame(): string | undefined {
    return this.#stored > 0 ? storedFrame(this.#sockets.room, this.#stored) : undefined;
  }

  stop(): void {
    this.#pace.stop();
  }

  #reach(upto: number): void {
    if (upto <= this.#stored) return;
    this.#stored = upto;
    this.#pace.schedule();
  }

  #tell(): void {
    if (this.#stored <= this.#told) return;
    this.#told = this.#stored;
    this.#sockets.publishV2(storedFrame(this.#sockets.room, this.#stored));
  }
}
