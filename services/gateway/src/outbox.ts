/**
 * What goes out to the sockets of a room: at once when idle, otherwise once a tick, so that a busy room costs one write
 * a socket and tick instead of one a message. A v2 frame joins the events of several publications, at most 16 KB;
 * a v1 frame is one event's bytes as they are.
 * What a host or a winner says, and what moderates, goes at once and takes along what waits. What is not shown live is left
 * out; a v2 frame counts it, and if there is nothing else it waits for the next one that shows something.
 */
import type { RoomName } from "@drawchat/protocol/ids";
import { EVENT_V2_ONLY, type EventEntry, isPrompt, isSkipped, type Publication } from "@drawchat/redis/publication";
import { batchFrame } from "./room-frames.ts";

/** Larger frames cost more than they save (the kernel's buffers): events are cut into frames of this size. */
const MAX_FRAME_BYTES = 16_384;
const FRAME_AROUND_BYTES = 100;
/** What the bodies of a frame may have together; one larger body travels alone. */
export const MAX_BATCH_BYTES = MAX_FRAME_BYTES - FRAME_AROUND_BYTES;

/**
 * The library writes to the sockets when the loop comes round, some microseconds each, nearly all of them the kernel's and the
 * same for a short frame as for a long one: a sweep. So the share of its core that a busy room takes is the last sweep's part of a
 * tick. It is a quarter while that makes a tick nobody minds, a third where it would make a longer one.
 */
const CALM_SWEEPS_PER_TICK = 4;
const CALM_TICK_MS = 70;
const SWEEPS_PER_TICK = 3;
/**
 * The same once a whole frame waits: it grows no more by waiting, and what is written in smaller portions is read while the
 * processor's cache still holds it.
 */
const FULL_TICK_SWEEPS = 1;
/** The same where the gateway is loaded: fewer, larger frames. */
const LONG_TICK_SWEEPS = 8;
const LONG_TICK_MS = 50;
export const MAX_TICK_MS = 250;

export interface OutboxOptions {
  room: RoomName;
  /** Shortest tick; a large room's is longer, see SWEEPS_PER_TICK. */
  tickMs: number;
  hasLongTicks: () => boolean;
  /** Calls back when what was published has been written to the sockets. */
  afterSweep: (done: () => void) => void;
  /** To every v1 socket of the room. */
  publishV1: (bytes: Buffer) => void;
  /** To every v2 socket of the room. */
  publishV2: (bytes: Buffer) => void;
  hasV1: () => boolean;
  hasV2: () => boolean;
  onFlush: (upto: number, shown: number, skipped: number) => void;
  /** Told of each shown event that was published, or would have been if anybody listened in this version. */
  onHanded?: ((version: 1 | 2, id: number) => void) | undefined;
}

/** Version 1 names new messages only; the kinds it does not name carry a flag. */
export function isForV1(event: EventEntry): boolean {
  return (event.flags & EVENT_V2_ONLY) === 0 && !isSkipped(event);
}

/** What is not shown live fills no frame. */
function shownBytesOf({ bytes, events, skipped }: Publication): number {
  if (skipped === 0) return bytes.length;
  return events.reduce((sum, event) => (isSkipped(event) ? sum : sum + event.end - event.start), 0);
}

export class Outbox {
  readonly #options: OutboxOptions;
  #publications: Publication[] = [];
  #waitingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer rings. */
  #dueMs = Number.POSITIVE_INFINITY;
  #lastFlushMs = Number.NEGATIVE_INFINITY;
  #lastPromptMs = Number.NEGATIVE_INFINITY;
  #sweepMs = 0;
  /** Everything up to here was handed to the sockets. */
  flushedUpto: number;

  constructor(options: OutboxOptions, flushedUpto: number) {
    this.#options = options;
    this.flushedUpto = flushedUpto;
  }

  /** Time from one flush to the next while the room is busy; shorter with a whole frame. */
  get tickMs(): number {
    const { tickMs, hasLongTicks } = this.#options;
    const ms = hasLongTicks()
      ? Math.max(tickMs, LONG_TICK_MS, LONG_TICK_SWEEPS * this.#sweepMs)
      : Math.max(tickMs, Math.min(CALM_TICK_MS, CALM_SWEEPS_PER_TICK * this.#sweepMs), SWEEPS_PER_TICK * this.#sweepMs);
    return Math.min(MAX_TICK_MS, ms);
  }

  get #waitMs(): number {
    const isFull = this.#waitingBytes >= MAX_BATCH_BYTES && !this.#options.hasLongTicks();
    return isFull ? Math.min(this.tickMs, Math.max(this.#options.tickMs, FULL_TICK_SWEEPS * this.#sweepMs)) : this.tickMs;
  }

  /** How much of a tick the last sweep would take: a third of it at most, unless the tick is as long as it can be. */
  get sweepShare(): number {
    return this.#sweepMs / this.tickMs;
  }

  add(publication: Publication): void {
    this.#publications.push(publication);
    this.#waitingBytes += shownBytesOf(publication);
    const nowMs = performance.now();
    const dueMs = this.#dueOf(publication, nowMs);
    if (dueMs >= this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    if (dueMs <= nowMs) this.flush();
    else this.#timer = setTimeout(() => this.flush(), dueMs - nowMs);
  }

  /** A tick takes one prompt flush: many moderated messages in a row do not make a sweep each. */
  #dueOf({ events, skipped }: Publication, nowMs: number): number {
    if (events.some(isPrompt) && nowMs - this.#lastPromptMs >= this.tickMs) {
      this.#lastPromptMs = nowMs;
      return nowMs;
    }
    return this.#lastFlushMs + (skipped > 0 && skipped === events.length ? MAX_TICK_MS : this.#waitMs);
  }

  flush(): void {
    this.#stopTimer();
    const publications = this.#publications;
    const last = publications.at(-1);
    if (last === undefined) return;
    this.#publications = [];
    this.#waitingBytes = 0;
    this.#lastFlushMs = performance.now();
    if (this.#options.hasV1()) this.#flushV1(publications);
    else this.#noteUnheard(1, publications);
    if (this.#options.hasV2()) this.#flushV2(publications);
    else this.#noteUnheard(2, publications);
    this.flushedUpto = last.upto;
    const startedMs = this.#lastFlushMs;
    this.#options.afterSweep(() => {
      this.#sweepMs = performance.now() - startedMs;
    });
    const skipped = publications.reduce((sum, publication) => sum + publication.skipped, 0);
    const events = publications.reduce((sum, publication) => sum + publication.events.length, 0);
    this.#options.onFlush(last.upto, events - skipped, skipped);
  }

  /** Forgets what waits: the room was reset, its sockets get a fresh beginning. */
  clear(flushedUpto: number): void {
    this.#stopTimer();
    this.#publications = [];
    this.#waitingBytes = 0;
    this.flushedUpto = flushedUpto;
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  #flushV1(publications: readonly Publication[]): void {
    for (const publication of publications) {
      for (const event of publication.events) {
        if (!isForV1(event)) continue;
        this.#options.publishV1(publication.bytes.subarray(event.start, event.end));
        this.#options.onHanded?.(1, event.id);
      }
    }
  }

  #flushV2(publications: readonly Publication[]): void {
    let after = this.flushedUpto;
    let upto = after;
    let bytes = 0;
    let bodies: Buffer[] = [];
    let ids: number[] = [];
    let skipped = 0;
    const { onHanded } = this.#options;
    const send = () => {
      this.#options.publishV2(batchFrame(this.#options.room, { after, upto, bodies, skipped }));
      for (const id of ids) onHanded?.(2, id);
      after = upto;
      bodies = [];
      ids = [];
      skipped = 0;
      bytes = 0;
    };
    for (const publication of publications) {
      for (const event of publication.events) {
        if (isSkipped(event)) {
          skipped += 1;
          upto = event.id;
          continue;
        }
        const length = event.end - event.start;
        if (bodies.length > 0 && bytes + length > MAX_BATCH_BYTES) send();
        bodies.push(publication.bytes.subarray(event.start, event.end));
        if (onHanded !== undefined) ids.push(event.id);
        bytes += length + 1;
        upto = event.id;
      }
      upto = publication.upto;
    }
    send();
  }

  #noteUnheard(version: 1 | 2, publications: readonly Publication[]): void {
    const { onHanded } = this.#options;
    if (onHanded === undefined) return;
    for (const { events } of publications) for (const event of events) if (!isSkipped(event)) onHanded(version, event.id);
  }
}
