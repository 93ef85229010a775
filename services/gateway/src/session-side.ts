/** What a session's room has beside its sequence: a state that changes as time passes, winners, and what is counted. */
import type { SessionState } from "@drawchat/protocol/frames";
import type { Control } from "@drawchat/redis/publication";
import type { RoomPolicy, RoomState, SessionPolicy } from "@drawchat/redis/room-state";
import type { LoadLevel } from "./load-level.ts";
import type { RedisClock } from "./redis-clock.ts";
import { RoomCounts } from "./room-counts.ts";
import type { RoomReader } from "./room-reader.ts";
import type { RoomSockets } from "./room-sockets.ts";
import { SessionWatch, sessionFrame } from "./session-watch.ts";

export interface SessionSideDeps {
  sockets: RoomSockets;
  reader: RoomReader;
  clock: RedisClock;
  load: LoadLevel;
  /** Sends what waits for the next tick: a new state is told at once, and overtakes nothing. */
  flush: () => void;
  /** The session changed its state, or its policy changed. */
  onState: (state: SessionState) => void;
}

export class SessionSide {
  readonly kind = "session";
  readonly counts: RoomCounts;
  readonly #sockets: RoomSockets;
  readonly #reader: RoomReader;
  readonly #watch: SessionWatch;
  #policy: SessionPolicy = { kind: "session", state: "scheduled", opensMs: 0, closesMs: 0, drawMs: 0, winners: [], version: 0 };
  #winners: ReadonlySet<number> = new Set();

  constructor({ sockets, reader, clock, load, flush, onState }: SessionSideDeps) {
    this.counts = new RoomCounts(sockets, () => load.countsGapMs);
    this.#sockets = sockets;
    this.#reader = reader;
    this.#watch = new SessionWatch(clock, (state) => {
      flush();
      this.#sockets.publishV2(JSON.stringify(sessionFrame(this.#policy, state)));
      onState(state);
    });
  }

  get policy(): SessionPolicy {
    return this.#policy;
  }

  /** Whether a message that this user sends now shows it. */
  isWinner(userId: number): boolean {
    return this.#winners.has(userId);
  }

  /** Anew: the room was opened or reset. */
  begin(state: RoomState): void {
    this.counts.begin(state);
    if (state.policy.version !== this.#policy.version) this.setPolicy(state.policy);
  }

  /** Told to the sockets by the watch. */
  setPolicy(policy: RoomPolicy): void {
    if (policy.kind !== "session") throw new TypeError("a session has the policy of a conversation");
    this.#policy = policy;
    this.#winners = new Set(policy.winners);
    this.#watch.watch(policy);
  }

  onControl(control: Control): void {
    if (control.type === "counts") this.counts.note(control);
  }

  /** Read beside a repair. Rejects where Redis is away. */
  async noteRepaired(state: RoomState, messageIds: readonly number[]): Promise<void> {
    this.counts.noteRead(state.viewers, await this.#reader.readLikes(messageIds));
  }

  /** What all sockets must hear behind a reset that showed these messages. */
  tellAfterReset(messageIds: readonly number[]): void {
    this.#sockets.publishV2(this.counts.snapshotFrame(messageIds));
  }

  stop(): void {
    this.#watch.stop();
    this.counts.stop();
  }
}
