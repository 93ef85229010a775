/**
 * The recent publications of a room, unbroken: each one's `after` is the `upto` of the one before. Joins and resumes
 * are served from here, so that ten thousand reconnects cost Redis nothing. Same bounds as the history in Redis:
 * 5 minutes or 500 events, whichever is more, up to 8 MiB.
 */
import { idTimeMs } from "@drawchat/protocol/ids";
import { type EventEntry, isSkipped, type Publication } from "@drawchat/redis/publication";

const KEEP_MS = 300_000;
const KEEP_EVENTS = 500;
const KEEP_BYTES = 8 * 1_048_576;

/** Some events in a row as they go into a frame: the bodies joined by commas, without those that are not shown live. */
export interface Page {
  readonly after: number;
  readonly upto: number;
  readonly bodies: readonly Buffer[];
  /** How many it leaves out. */
  readonly skipped: number;
}

export class Ring {
  #publications: Publication[] = [];
  #events = 0;
  #bytes = 0;
  /** Where the sequence stands: the last publication's `upto`. */
  #upto: number;

  constructor(publications: readonly Publication[], upto: number) {
    this.#upto = publications[0]?.after ?? upto;
    for (const publication of publications) this.push(publication);
    this.#upto = upto;
  }

  get upto(): number {
    return this.#upto;
  }

  /** The caller has checked that `publication.after` is `upto`. */
  push(publication: Publication): void {
    this.#publications.push(publication);
    this.#events += publication.events.length;
    this.#bytes += publication.bytes.length;
    this.#upto = publication.upto;
    this.#trim();
  }

  /** True where `id` is a place of this lineage (an event, an end, or the beginning), not merely a number between. */
  reaches(id: number): boolean {
    if (id === this.#upto || id === this.#publications[0]?.after) return true;
    const publication = this.#publications[this.#indexEndingFrom(id)];
    if (publication === undefined) return false;
    return publication.upto === id || publication.events.some((event) => event.id === id);
  }

  /**
   * The events behind `after` up to `end` as live frames showed them, as many as fit `maxBytes`, at least one. Undefined where nothing is left.
   * `after` must be reachable.
   */
  page(after: number, end: number, maxBytes: number): Page | undefined {
    const bodies: Buffer[] = [];
    let bytes = 0;
    let skipped = 0;
    let upto = after;
    for (let i = this.#indexEndingFrom(after + 1); i < this.#publications.length; i++) {
      const publication = this.#publications[i];
      if (publication === undefined || publication.upto > end) break;
      for (const event of publication.events) {
        if (event.id <= after) continue;
        if (isSkipped(event)) skipped += 1;
        else {
          const length = event.end - event.start;
          if (bodies.length > 0 && bytes + length > maxBytes) return { after, upto, bodies, skipped };
          bodies.push(publication.bytes.subarray(event.start, event.end));
          bytes += length + 1;
        }
        upto = event.id;
      }
      upto = publication.upto;
    }
    return upto > after ? { after, upto, bodies, skipped } : undefined;
  }

  /** The place from which the newest `count` events that were shown follow. */
  startOfLast(count: number): number {
    let left = count;
    for (let i = this.#publications.length - 1; i >= 0; i--) {
      const publication = this.#publications[i];
      if (publication === undefined) break;
      const shown = publication.events.length - publication.skipped;
      if (shown >= left) return startOfLastIn(publication, left);
      left -= shown;
    }
    return this.#publications[0]?.after ?? this.#upto;
  }

  /** Events behind `after`, with their bodies. `after` need not be reachable. */
  *eventsAfter(after: number): Iterable<{ event: EventEntry; body: Buffer }> {
    for (let i = this.#indexEndingFrom(after + 1); i < this.#publications.length; i += 1) {
      const publication = this.#publications[i];
      for (const event of publication?.events ?? []) {
        if (event.id > after && publication) yield { event, body: publication.bytes.subarray(event.start, event.end) };
      }
    }
  }

  /** Ids of the messages in the ring behind `after` that were shown. */
  messageIdsAfter(after: number): number[] {
    const ids: number[] = [];
    for (const { event } of this.eventsAfter(after)) if (event.kind === "m" && !isSkipped(event)) ids.push(event.id);
    return ids;
  }

  /** Index of the first publication whose `upto` is at least `id`; the length where there is none. */
  #indexEndingFrom(id: number): number {
    let low = 0;
    let high = this.#publications.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#publications[middle]?.upto ?? 0) >= id) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #trim(): void {
    let drop = 0;
    const oldestKeptMs = Date.now() - KEEP_MS;
    for (const publication of this.#publications) {
      const isOverBytes = this.#bytes > KEEP_BYTES;
      const isOverTime = this.#events - publication.events.length >= KEEP_EVENTS && idTimeMs(publication.upto) < oldestKeptMs;
      if (!isOverBytes && !isOverTime) break;
      drop += 1;
      this.#events -= publication.events.length;
      this.#bytes -= publication.bytes.length;
    }
    if (drop > 0) this.#publications.splice(0, drop);
  }
}

/** The publication shows at least `count`. */
function startOfLastIn({ after, events }: Publication, count: number): number {
  let left = count;
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i];
    if (left === 0) return event?.id ?? after;
    if (event !== undefined && !isSkipped(event)) left -= 1;
  }
  return after;
}
