/**
 * Which messages of a room were accepted, under which ids. The sender's acknowledgement says so; where there is none (version
 * 1 has none, others are lost with a connection) a message was accepted when it is seen anywhere behind.
 */
import type { LoadEvent } from "./event-list.ts";
import type { Sighting } from "./judge.ts";
import type { RoomObservations } from "./observations.ts";
import { keyOf, type MessageKey, type SendBook } from "./send-book.ts";

export class Accepted {
  readonly #keyOfId = new Map<number, MessageKey>();
  readonly #idsOfKey = new Map<MessageKey, number[]>();

  constructor({ logged, receipts, stored }: RoomObservations, book: SendBook) {
    for (const [key, ids] of book.acked) for (const id of ids) this.#add(key, id);
    this.#addUnknown(logged ?? []);
    for (const { ids, senders, ns } of receipts) this.#addUnknown(ids.map((id, i) => ({ id, sender: senders[i] ?? 0, n: ns[i] ?? 0 })));
    this.#addUnknown(stored ?? []);
  }

  /** In order. */
  get ids(): number[] {
    return [...this.#keyOfId.keys()].toSorted((a, b) => a - b);
  }

  /** Every id that the message was accepted under. */
  idsOf(sender: number, n: number): readonly number[] {
    return this.#idsOfKey.get(keyOf(sender, n)) ?? [];
  }

  keyOf(id: number): MessageKey | undefined {
    return this.#keyOfId.get(id);
  }

  /** What was seen, by the id it was accepted under; what was never accepted is left out. */
  sightings(events: Iterable<LoadEvent>): Sighting[] {
    const sightings: Sighting[] = [];
    for (const { id, sender, n } of events) {
      const ids = this.idsOf(sender, n);
      const [first] = ids;
      if (ids.includes(id)) sightings.push({ id });
      else if (first !== undefined) sightings.push({ id: first, isMoved: true });
    }
    return sightings;
  }

  /** One look at a hop may show a message under several ids; a later hop says nothing new of it. */
  #addUnknown(events: readonly LoadEvent[]): void {
    const unknown = events.filter(({ sender, n }) => this.idsOf(sender, n).length === 0);
    for (const { id, sender, n } of unknown) if (!this.#keyOfId.has(id)) this.#add(keyOf(sender, n), id);
  }

  #add(key: MessageKey, id: number): void {
    this.#keyOfId.set(id, key);
    this.#idsOfKey.set(key, [...(this.#idsOfKey.get(key) ?? []), id]);
  }
}
