/** The events of a room as the sockets of one group saw them: in order of their ids, each with how many received it. */

export interface LoadEvent {
  readonly id: number;
  readonly sender: number;
  readonly n: number;
}

/** What is looked for by its sender was said shortly before. */
const LATEST = 1_000;

export class EventList {
  readonly ids: number[] = [];
  readonly senders: number[] = [];
  readonly ns: number[] = [];
  readonly delivered: number[] = [];
  /** When the first of the group received it, on this process's clock. */
  readonly firstSeenMs: number[] = [];

  /** False where it is known. `isLate`: it belongs before others that are known. */
  add({ id, sender, n }: LoadEvent, nowMs: number): { isNew: boolean; isLate: boolean } {
    const at = this.indexBehind(id - 1);
    if (this.ids[at] === id) return { isNew: false, isLate: false };
    const isLate = at < this.ids.length;
    this.ids.splice(at, 0, id);
    this.senders.splice(at, 0, sender);
    this.ns.splice(at, 0, n);
    this.delivered.splice(at, 0, 0);
    this.firstSeenMs.splice(at, 0, nowMs);
    return { isNew: true, isLate };
  }

  /** `id` must be known. */
  deliver(id: number, times: number): void {
    const at = this.indexBehind(id - 1);
    this.delivered[at] = (this.delivered[at] ?? 0) + times;
  }

  /** True where something is known strictly between. */
  hasBetween(after: number, before: number): boolean {
    const next = this.ids[this.indexBehind(after)];
    return next !== undefined && next < before;
  }

  /** Known ids behind `after` up to `upto`. */
  between(after: number, upto: number): readonly number[] {
    return this.ids.slice(this.indexBehind(after), this.indexBehind(upto));
  }

  /** Looked for among the latest; undefined where it is not there. */
  idOf(sender: number, n: number): number | undefined {
    const oldest = Math.max(0, this.ids.length - LATEST);
    for (let at = this.ids.length - 1; at >= oldest; at -= 1) if (this.senders[at] === sender && this.ns[at] === n) return this.ids[at];
    return undefined;
  }

  /** The first event that the first of the group received after this time. */
  firstSeenBehind(ms: number): number | undefined {
    if ((this.firstSeenMs.at(-1) ?? 0) <= ms) return undefined;
    return this.ids[this.firstSeenMs.findIndex((seenMs) => seenMs > ms)];
  }

  /** Index of the first event behind `position`; usually nothing is, so the end is looked at first. */
  indexBehind(position: number): number {
    let high = this.ids.length;
    if (high === 0 || (this.ids[high - 1] ?? 0) <= position) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ids[middle] ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
