/**
 * The order of a room as one client sees it: which events are new, which are repeats, and when something is missing.
 *
 * The position (`upto` of the last frame taken) is the only memory: an event at or below it was seen, a batch whose
 * `after` is above it leaves a hole. Batches behind a hole wait here, bounded, until a resume has filled it.
 */
import type { Position } from "@drawchat/protocol/frames";

/** How long a tip above the position may stand before it counts as a hole: live frames take up to 250 ms. */
const TIP_PATIENCE_MS = 1_000;
/** How long an asked resume may stay without progress before it is asked again. */
const ASK_AGAIN_MS = 5_000;
/** Batches that wait behind a hole. More are dropped: the resume brings them too. */
const WAITING_MAX = 64;

/** What live chats and conversations have in common. */
export type SequencedEvent = { type: "new_message"; message: { id: number } } | { type: "delete" | "edit" | "member"; id: number };

export interface Snapshot<Event> {
  epoch: string;
  events: Event[];
  upto: number;
  skipped?: number;
}

export interface Batch<Event> {
  after: number;
  upto: number;
  events: Event[];
  skipped?: number;
}

/** New events in rising order. `skipped`: how many the server left out to keep up; they are in its history. */
export interface Taken<Event> {
  events: Event[];
  skipped: number;
}

export class RoomSequence<Event extends SequencedEvent> {
  #position: Position | undefined;
  #waiting: Batch<Event>[] = [];
  #holeSeenAt = 0;
  #tip: { upto: number; seenAt: number } | undefined;
  #askedAt: number | undefined;
  #asks = 0;

  /** Where to resume; undefined before the first welcome. */
  get position(): Position | undefined {
    return this.#position;
  }

  /** How often the present hole was asked for. */
  get asks(): number {
    return this.#asks;
  }

  /** A snapshot in place of everything before: a welcome that did not recover, or a reset. */
  restart({ epoch, events, upto, skipped = 0 }: Snapshot<Event>): Taken<Event> {
    this.#forgetHole();
    this.#position = { epoch, id: 0 };
    const fresh = this.#fresh(events);
    this.#position = { epoch, id: upto };
    return { events: fresh, skipped };
  }

  /** A welcome that continues behind the position. */
  recover({ epoch, events, upto, skipped = 0 }: Snapshot<Event>): Taken<Event> {
    this.#forgetHole();
    const fresh = this.#fresh(events);
    this.#position = { epoch, id: Math.max(this.#position?.id ?? 0, upto) };
    return { events: fresh, skipped };
  }

  /** What is new in a batch, with all that waited for it. Nothing for a repeat or behind a hole. */
  take(batch: Batch<Event>, now: number): Taken<Event> {
    const taken: Taken<Event> = { events: [], skipped: 0 };
    const position = this.#position;
    if (!position || batch.upto <= position.id) return taken;
    if (batch.after > position.id) {
      if (this.#waiting.length === 0) this.#holeSeenAt = now;
      if (this.#waiting.length < WAITING_MAX) this.#waiting.push(batch);
      return taken;
    }
    this.#append(batch, taken);
    this.#appendWaiting(taken);
    this.#noteProgress(now);
    return taken;
  }

  /** The server's end of the room. Above the position for too long, it is a hole too. */
  noteTip(upto: number, now: number): void {
    if (!this.#position || upto <= this.#position.id) return;
    this.#tip ??= { upto, seenAt: now };
  }

  /** When to ask (again) for what is missing, in ms of the caller's clock; undefined where nothing is. */
  get askAt(): number | undefined {
    if (this.#waiting.length === 0 && !this.#tip) return undefined;
    const noticedAt = this.#waiting.length > 0 ? this.#holeSeenAt : (this.#tip?.seenAt ?? 0) + TIP_PATIENCE_MS;
    return this.#askedAt === undefined ? noticedAt : Math.max(noticedAt, this.#askedAt + ASK_AGAIN_MS);
  }

  noteAsked(now: number): void {
    this.#askedAt = now;
    this.#asks += 1;
  }

  /** A new socket: its welcome will say what is missing. */
  forgetHole(): void {
    this.#forgetHole();
  }

  #forgetHole(): void {
    this.#waiting = [];
    this.#tip = undefined;
    this.#askedAt = undefined;
    this.#asks = 0;
  }

  #append(batch: Batch<Event>, taken: Taken<Event>): void {
    if (!this.#position) return;
    taken.events.push(...this.#fresh(batch.events));
    taken.skipped += batch.skipped ?? 0;
    this.#position = { epoch: this.#position.epoch, id: batch.upto };
  }

  /**
   * Those that follow exactly. One that begins before the position waits for the pages of the resume to pass it: what it
   * skipped is in them too, and would be counted twice.
   */
  #appendWaiting(taken: Taken<Event>): void {
    for (;;) {
      const position = this.#position?.id ?? 0;
      this.#waiting = this.#waiting.filter(({ upto }) => upto > position);
      const next = this.#waiting.find(({ after }) => after === position);
      if (next === undefined) return;
      this.#append(next, taken);
    }
  }

  /** Pages of a resume are progress: do not ask again while they come. Caught up: the hole is over. */
  #noteProgress(now: number): void {
    if (this.#tip && this.#position && this.#tip.upto <= this.#position.id) this.#tip = undefined;
    if (this.askAt === undefined) this.#forgetHole();
    else if (this.#askedAt !== undefined) this.#askedAt = now;
  }

  /** The events above the position, in strictly rising order, of the kinds this client knows. */
  #fresh(events: Event[]): Event[] {
    let last = this.#position?.id ?? 0;
    return events.filter((event) => {
      const id = placeOf(event);
      if (id === undefined || id <= last) return false;
      last = id;
      return true;
    });
  }
}

/** The id of an event; undefined for kinds of a later version. */
function placeOf(event: SequencedEvent): number | undefined {
  switch (event.type) {
    case "new_message":
      return event.message.id;
    case "delete":
    case "edit":
    case "member":
      return event.id;
    default:
      event satisfies never;
      return undefined;
  }
}
