/** The sockets of one worker that listen to one room at one gateway in one version of the wire, and what they received. */
import { Coverage } from "./coverage.ts";
import { EventList } from "./event-list.ts";
import { FrameCache } from "./frame-cache.ts";
import type { GroupReceipts, Where } from "./receipts-report.ts";
import type { ReceivedFrame } from "./received-frame.ts";

export class ReceiptGroup {
  readonly where: Where;
  readonly list = new EventList();
  readonly owed = new Coverage();
  readonly reset = new Coverage();
  readonly cache: FrameCache;
  /** The furthest that any of them has come. */
  high = 0;
  sampled = 0;
  readonly #doubled = new Map<number, number>();
  readonly #disordered = new Map<number, number>();

  constructor(where: Where, run: number) {
    this.where = where;
    this.cache = new FrameCache(run, (frame) => this.#count(frame));
  }

  noteDoubled(id: number): void {
    this.#doubled.set(id, (this.#doubled.get(id) ?? 0) + 1);
  }

  noteDisordered(id: number): void {
    this.#disordered.set(id, (this.#disordered.get(id) ?? 0) + 1);
  }

  /** True where the frame holds just what is known from behind `position` up to its end. */
  isNext({ isOrdered, events, upto }: ReceivedFrame, position: number): boolean {
    const known = this.list.indexBehind(upto) - this.list.indexBehind(position);
    return isOrdered && upto > position && known === events.length && (events[0]?.id ?? upto) > position;
  }

  /** `heardUpto`: where the last of its sockets stands. */
  report(heardUpto: number): GroupReceipts {
    for (const frame of this.cache.all()) this.#count(frame);
    const { ids, senders, ns, delivered } = this.list;
    return {
      ...this.where,
      ids,
      senders,
      ns,
      delivered,
      owed: this.owed.steps,
      reset: this.reset.steps,
      doubled: [...this.#doubled],
      disordered: [...this.#disordered],
      sampled: this.sampled,
      heardUpto,
    };
  }

  #count(frame: ReceivedFrame): void {
    for (const { id } of frame.events) this.list.deliver(id, frame.takers);
    this.sampled += frame.sampled * frame.takers;
    frame.takers = 0;
  }
}
