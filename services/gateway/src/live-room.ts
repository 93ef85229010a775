/**
 * A room with listeners on this gateway: its sequence, unbroken, from Redis to the sockets.
 *
 * Pub/sub is the doorbell, history is the truth. States and moves:
 *   opening    subscribed, history being read; publications wait          → live
 *   live       each publication must follow the one before                → repairing (hole, tip ahead)
 *   repairing  history being read from where we stand; publications wait  → live, or reset and live
 *   closed     no listeners left, or the session does not exist
 * A reset (another epoch, a tip behind ours, a place out of reach) begins the sequence anew and tells every v2 socket.
 */

import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import type { Acceptor } from "@drawchat/redis/accept";
import type { Control, Publication } from "@drawchat/redis/publication";
import type { RoomState } from "@drawchat/redis/room-state";
import { Backoff } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import type { GatewayMetrics } from "./metrics.ts";
import { isForV1, MAX_BATCH_BYTES, MAX_TICK_MS, Outbox } from "./outbox.ts";
import { Ring } from "./ring.ts";
import { batchFrame, rejectedFrame, resetFrame, tipFrame } from "./room-frames.ts";
import { RoomReader, type RoomReaderDeps } from "./room-reader.ts";
import { createSide, type RoomSide, type RoomSideDeps } from "./room-side.ts";
import { type PublishToTopic, RoomSockets } from "./room-sockets.ts";
import { StoredMark } from "./stored-mark.ts";
import type { RoomTrail, Trails } from "./trail.ts";

export interface LiveRoomDeps extends RoomReaderDeps, RoomSideDeps {
  acceptor: Acceptor;
  log: Log;
  metrics: GatewayMetrics;
  publish: PublishToTopic;
  tickMs: number;
  historyLimit: number;
  /** Absent: none are kept. */
  trails?: Trails | undefined;
}

/** A room that has become quiet since then loads nobody. */
const SWEEP_KNOWN_MS = 2_000;
/** Publications kept while history is being read; Redis may be slow for long. */
const MAX_WAITING = 512;

export class LiveRoom {
  readonly name: RoomName;
  readonly sockets: RoomSockets;
  readonly stored: StoredMark;
  readonly side: RoomSide;
  readonly #deps: LiveRoomDeps;
  readonly #reader: RoomReader;
  readonly #outbox: Outbox;
  readonly #trail: RoomTrail | undefined;
  #phase: "opening" | "live" | "repairing" | "closed" = "opening";
  #waiting: Publication[] = [];
  #ring = new Ring([], 0);
  #epoch = "";
  #repair: Promise<void> | undefined;
  #lastFlushMs = 0;
  #lastTipMs = 0;

  constructor(name: RoomName, deps: LiveRoomDeps) {
    this.name = name;
    this.#deps = deps;
    this.#reader = new RoomReader(name, deps);
    this.sockets = new RoomSockets(name, deps.publish);
    this.stored = new StoredMark(
      this.sockets,
      () => deps.load.countsGapMs,
      () => this.flushedUpto,
    );
    this.side = createSide(this.sockets, this.#reader, { ...deps, flush: () => this.flush() });
    this.#trail = deps.trails?.of(name);
    this.#outbox = new Outbox(
      {
        room: name,
        tickMs: deps.tickMs,
        hasLongTicks: () => deps.load.hasLongTicks,
        afterSweep,
        publishV1: (bytes) => this.sockets.publishV1(bytes),
        publishV2: (bytes) => this.sockets.publishV2(bytes),
        hasV1: () => this.sockets.countV1 > 0,
        hasV2: () => this.sockets.countV2 > 0,
        onFlush: (_upto, shown, skipped) => this.#noteFlush(shown, skipped),
        onHanded: this.#trail && ((version, id) => this.#noteHanded(version, id)),
      },
      0,
    );
  }

  get epoch(): string {
    return this.#epoch;
  }

  get ring(): Ring {
    return this.#ring;
  }

  get upto(): number {
    return this.#ring.upto;
  }

  /** Everything up to here was handed to the sockets that listen. */
  get flushedUpto(): number {
    return this.#outbox.flushedUpto;
  }

  /** How much of a tick the last sweep over its sockets took; 0 where that was some time ago. */
  get sweepShare(): number {
    return performance.now() - this.#lastFlushMs < SWEEP_KNOWN_MS ? this.#outbox.sweepShare : 0;
  }

  /** To be called once, subscribed. False where there is no such session; rejects where that cannot be known now. */
  async open(): Promise<boolean> {
    const state = await this.#reader.readOrRestore({ history: "all" });
    if (state === undefined) return false;
    this.#begin(state);
    this.#trail?.begin(state.upto);
    this.#goLive();
    return true;
  }

  close(): void {
    if (this.#phase !== "opening") this.#trail?.end(this.upto, this.flushedUpto);
    this.#phase = "closed";
    this.side.stop();
    this.stored.stop();
    this.#outbox.clear(this.#outbox.flushedUpto);
  }

  onPublication(publication: Publication): void {
    this.#deps.metrics.published.inc();
    if (this.#phase === "opening" || this.#phase === "repairing") this.#keep(publication);
    else if (this.#phase === "live") this.#take(publication);
  }

  onControl(control: Control): void {
    if (this.#phase === "closed") return;
    switch (control.type) {
      case "stored":
        this.stored.note(control.upto);
        return;
      case "rejected": {
        const frame = rejectedFrame(this.name, control.client_id, control.code);
        for (const { connection } of this.sockets.ofUser(control.user_id)) if (connection.version === 2) connection.send(frame);
        return;
      }
      case "policy":
        void this.refreshPolicy();
        return;
      case "reset":
        void this.reset("the history was rebuilt");
        return;
      default:
        this.side.onControl(control);
    }
  }

  flush(): void {
    this.#outbox.flush();
  }

  /** Reads what history has beyond us. Single flight; resolves when the room is live again, or closed. */
  repair(why: string): Promise<void> {
    this.#repair ??= this.#runRepair(why, false).finally(() => {
      this.#repair = undefined;
    });
    return this.#repair;
  }

  /** Begins the sequence anew and tells every v2 socket. */
  async reset(why: string): Promise<void> {
    await this.#repair;
    this.#repair ??= this.#runRepair(why, true).finally(() => {
      this.#repair = undefined;
    });
    await this.#repair;
  }

  /** The policy as Redis has it now. */
  async refreshPolicy(): Promise<void> {
    try {
      const state = await this.#reader.read();
      if (this.#isOpen() && state !== undefined && state.policy.version > this.side.policy.version) this.side.setPolicy(state.policy);
    } catch (error) {
      // The tip check compares versions and comes back to it.
      this.#deps.log.warn({ component: "live_chat", room: this.name, err: error }, "policy not read");
    }
  }

  /** A `tip` for sockets that heard nothing for a while: they find a hole of their own by it. */
  tellTip(quietMs: number): void {
    const nowMs = performance.now();
    if (this.#phase !== "live" || nowMs - Math.max(this.#lastFlushMs, this.#lastTipMs) < quietMs) return;
    this.#lastTipMs = nowMs;
    this.sockets.publishV2(tipFrame(this.name, this.flushedUpto));
  }

  /** The oldest gives way: the read that is waited for, or the next repair, brings it from history. */
  #keep(publication: Publication): void {
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.shift();
    this.#waiting.push(publication);
  }

  get isLive(): boolean {
    return this.#phase === "live";
  }

  #take(publication: Publication): void {
    if (publication.upto <= this.upto) return;
    if (publication.after !== this.upto) {
      this.#keep(publication);
      void this.repair("a publication does not follow");
      return;
    }
    this.#pass(publication);
    this.#deps.acceptor.noteSeen(partitionOfRoom(this.name), publication.upto);
  }

  /** It follows what was passed on before. */
  #pass(publication: Publication): void {
    this.#ring.push(publication);
    if (this.#trail !== undefined) for (const { id } of publication.events) this.#trail.note("relayed", id, 0);
    this.#outbox.add(publication);
  }

  /**
   * Until the room is live and nothing that came meanwhile leaves another hole. What came before a read needs no second
   * look: history had it first, or it is of no lineage of ours.
   */
  async #runRepair(why: string, isReset: boolean): Promise<void> {
    do {
      if (!this.#isOpen()) return;
      this.#phase = "repairing";
      const cameBefore = this.#waiting.length;
      await this.#readUntilDone(why, isReset);
      this.#waiting.splice(0, cameBefore);
      if (this.#isOpen()) this.#goLive();
    } while (this.#waiting.length > 0);
  }

  async #readUntilDone(why: string, isReset: boolean): Promise<void> {
    const backoff = new Backoff({ baseMs: 50, capMs: 2_000 });
    let mustReset = isReset;
    while (this.#isOpen()) {
      try {
        if (mustReset ? await this.#tryReset(why) : await this.#tryCatchUp(why)) return;
        mustReset = true;
      } catch (error) {
        if (backoff.attempts === 0) this.#deps.log.warn({ component: "live_chat", room: this.name, err: error }, "room not read, retrying");
        await backoff.wait();
      }
    }
  }

  /** False where our place is out of reach: only a reset helps. */
  async #tryCatchUp(why: string): Promise<boolean> {
    const state = await this.#reader.readOrRestore({ history: { since: this.upto } });
    if (state === undefined || state.epoch !== this.#epoch || state.upto < this.upto) return false;
    const behind = state.publications.filter((publication) => publication.upto > this.upto);
    if (state.upto > this.upto && behind[0]?.after !== this.upto) return false;
    for (const publication of behind) this.#pass(publication);
    this.#deps.acceptor.noteSeen(partitionOfRoom(this.name), this.upto);
    this.stored.note(Math.min(state.stored, state.upto));
    await this.side.noteRepaired(state, this.#ring.messageIdsAfter(0));
    if (behind.length > 0) {
      this.#deps.metrics.repairs.inc();
      this.#deps.log.info({ component: "live_chat", room: this.name, why, publications: behind.length }, "hole repaired");
    }
    return true;
  }

  async #tryReset(why: string): Promise<boolean> {
    const state = await this.#reader.readOrRestore({ history: "all" });
    if (state === undefined) throw new Error("the session is gone from Postgres");
    // What waits was accepted, and v1 cannot be told of a reset: it gets what it was not shown, of either lineage.
    this.#outbox.flush();
    const shownUpto = this.flushedUpto;
    this.#trail?.end(this.upto, shownUpto);
    this.#begin(state);
    this.#deps.metrics.resets.inc();
    this.#deps.log.warn({ component: "live_chat", room: this.name, why, epoch: this.#epoch }, "room reset");
    for (const { event, body } of this.#ring.eventsAfter(shownUpto)) if (isForV1(event)) this.#publishMissedV1(event.id, body);
    this.#trail?.begin(state.upto);
    for (const frame of this.resetFrames()) this.sockets.publishV2(frame);
    this.side.tellAfterReset(this.#ring.messageIdsAfter(this.#ring.startOfLast(this.#deps.historyLimit)));
    return true;
  }

  #publishMissedV1(id: number, body: Buffer): void {
    this.sockets.publishV1(body);
    this.#noteHanded(1, id);
  }

  /** `reset` with the newest events, going on in batches where they do not fit one frame. */
  *resetFrames(): Iterable<Buffer | string> {
    const start = this.#ring.startOfLast(this.#deps.historyLimit);
    const first = this.#ring.page(start, this.flushedUpto, MAX_BATCH_BYTES) ?? { bodies: [], upto: this.flushedUpto, skipped: 0 };
    let { upto } = first;
    yield resetFrame(this.name, this.#epoch, first);
    for (;;) {
      const page = this.#ring.page(upto, this.flushedUpto, MAX_BATCH_BYTES);
      if (page === undefined) return;
      yield batchFrame(this.name, page);
      upto = page.upto;
    }
  }

  #begin(state: RoomState): void {
    this.#ring = new Ring(state.publications, state.upto);
    this.#epoch = state.epoch;
    this.#outbox.clear(state.upto);
    this.stored.begin(state);
    this.#deps.acceptor.noteSeen(partitionOfRoom(this.name), state.upto);
    this.side.begin(state);
  }

  #goLive(): void {
    this.#phase = "live";
    for (const publication of this.#waiting.splice(0)) this.onPublication(publication);
  }

  #noteFlush(shown: number, skipped: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastFlushMs <= MAX_TICK_MS) this.#deps.metrics.tick.observe(nowMs - this.#lastFlushMs);
    this.#lastFlushMs = nowMs;
    this.#deps.metrics.delivered.inc(shown * this.sockets.seats.size);
    this.#deps.metrics.skipped.inc(skipped);
    this.stored.noteFlushed();
    if (this.side.kind === "session") this.side.counts.noteFlushed();
  }

  #noteHanded(version: 1 | 2, id: number): void {
    const { countV1, countV2 } = this.sockets;
    this.#trail?.note(version === 1 ? "handed1" : "handed2", id, version === 1 ? countV1 : countV2);
  }

  #isOpen(): boolean {
    return this.#phase !== "closed";
  }
}

/** The library writes when the loop comes round; the second immediate is behind that, whichever of the two is first. */
function afterSweep(done: () => void): void {
  setImmediate(() => setImmediate(done));
}
