/**
 * What the sockets of one worker received: each socket's account is its place in the sequence, and whatever it was passed
 * over with. The bytes of a frame are the same for all sockets of a gateway, so a frame is read once and the copies of the
 * others are compared with it; a socket in its place costs one comparison and an addition.
 *
 * An account is owed everything behind its start. It starts where a `welcome` says, or at `since` where the socket resumes
 * (what it was owed while it was away counts), and ends where the socket stood when it left; sockets that are still there
 * are owed the end. What the server declares out of reach (`recovered: false`, `reset`) is counted as that.
 * Version 1 has no welcome: such a socket begins at the place that its worker knows, or else with the first event it sees,
 * though not later than what others saw GRACE_MS after it joined.
 */
import { Gaps } from "./gaps.ts";
import { Places, UNPLACED } from "./places.ts";
import type { ReceiptGroup } from "./receipt-group.ts";
import type { ReceiptsReport, Violation, Where } from "./receipts-report.ts";
import {
  BATCH,
  type Delivery,
  EVENT,
  NOTHING,
  numberAt,
  pageOf,
  RESET,
  type ReceivedFrame,
  startsWith,
  WELCOME,
} from "./received-frame.ts";
import { Violations } from "./violations.ts";

export interface ReceiptsOptions {
  /** Only messages of this run count. */
  run: number;
  /** Sockets are numbered below this. */
  sockets: number;
  /** Default `performance.now`. */
  nowMs?: () => number;
}

/** The longest that two sockets of a worker may hear of the same event apart: a run that lags more is void anyway. */
const GRACE_MS = 5_000;

export class Receipts {
  readonly #nowMs: () => number;
  readonly #places: Places;
  /** The frame that ends at the socket's position. */
  readonly #last: (ReceivedFrame | undefined)[];
  readonly #gaps = new Map<number, Gaps>();
  readonly #violations = new Violations();
  #unreadable = 0;

  constructor({ run, sockets, nowMs = () => performance.now() }: ReceiptsOptions) {
    this.#nowMs = nowMs;
    this.#places = new Places(run, sockets);
    this.#last = new Array<ReceivedFrame | undefined>(sockets).fill(undefined);
  }

  /**
   * A socket joins. `upto`: version 2, the `since` that it resumes from; version 1, the room's place where it is known for
   * sure, because nothing was said since the socket was subscribed. Undefined: it begins anew.
   */
  begin(socket: number, where: Where, upto: number | undefined): void {
    this.end(socket);
    this.#places.open(socket, where, this.#nowMs());
    if (upto !== undefined) this.#place(socket, upto);
  }

  /** Any frame: batches, events, welcomes and resets are accounted, others say nothing here. Never throws. */
  onFrame(socket: number, frame: Buffer): Delivery {
    const next = this.#last[socket]?.next;
    if (next !== undefined && next.bytes.length === frame.length && next.bytes.equals(frame)) return this.#follow(socket, next);
    if (startsWith(frame, BATCH)) return this.onBatch(socket, frame);
    if (startsWith(frame, EVENT)) return this.onEvent(socket, frame);
    if (startsWith(frame, WELCOME) || startsWith(frame, RESET)) return this.onPage(socket, frame);
    return NOTHING;
  }

  /** `batch` of version 2. */
  onBatch(socket: number, frame: Buffer): Delivery {
    const next = this.#last[socket]?.next;
    if (next !== undefined && next.bytes.length === frame.length && next.bytes.equals(frame)) return this.#follow(socket, next);
    return this.#accountFor(socket, numberAt(frame, BATCH.length), frame);
  }

  /** `new_message` of version 1. */
  onEvent(socket: number, frame: Buffer): Delivery {
    const next = this.#last[socket]?.next;
    if (next !== undefined && next.bytes.length === frame.length && next.bytes.equals(frame)) return this.#follow(socket, next);
    return this.#accountFor(socket, numberAt(frame, EVENT.length), frame);
  }

  /** `welcome` or `reset` of version 2. Nothing in it counts as fresh: what it shows happened before. */
  onPage(socket: number, bytes: Buffer): Delivery {
    try {
      const { page, upto, isRecovered } = pageOf(bytes);
      const frame = this.#find(socket, -upto, page);
      const had = this.position(socket);
      if (isRecovered && had !== undefined) this.#take(socket, frame, 0);
      else {
        this.#beginAnew(socket, frame);
        this.#take(socket, frame, had ?? 0);
      }
    } catch {
      this.#unreadable += 1;
    }
    return NOTHING;
  }

  /** The socket left, or was left: it is owed nothing more until it comes back. */
  end(socket: number): void {
    if (!this.#places.isOpen(socket)) return;
    const group = this.#places.group(socket);
    const position = this.position(socket);
    if (position !== undefined) group.owed.end(position);
    this.#tellLost(socket);
    this.#gaps.delete(socket);
    this.#places.close(socket);
    this.#last[socket] = undefined;
  }

  /** Where a socket stands, or stood when it left: the `since` to resume from. */
  position(socket: number): number | undefined {
    return this.#places.position(socket);
  }

  /** The id of one of the latest messages; undefined where no socket has seen it. */
  idOf(room: string, sender: number, n: number): number | undefined {
    for (const { where, list } of this.#places.groups) {
      const id = where.room === room ? list.idOf(sender, n) : undefined;
      if (id !== undefined) return id;
    }
    return undefined;
  }

  /**
   * How many sockets that are there have not come to this place of the room's sequence. One of version 1 that has seen nothing
   * does not count: it may have come when all was said, and nobody tells it so.
   */
  lagging(room: string, upto: number): number {
    let count = 0;
    for (const socket of this.#places.opened()) {
      const position = this.#places.positions[socket] ?? 0;
      if (position >= upto) continue;
      const { where } = this.#places.group(socket);
      if (where.room === room && (position !== UNPLACED || where.version === 2)) count += 1;
    }
    return count;
  }

  /** To be asked for at the end, when everything that was on its way has come. */
  report(): ReceiptsReport {
    for (const socket of this.#places.opened()) this.#placeLate(socket);
    // A socket that is still there may get what it lacks: the next report says it again.
    const violations = new Violations(this.#violations);
    for (const [socket] of this.#gaps) this.#tellLost(socket, violations);
    return {
      groups: this.#places.groups.map((group) => group.report(this.#places.lowest(group))),
      violations: violations.list,
      moreViolations: violations.more,
      unreadable: this.#unreadable,
    };
  }

  #follow(socket: number, frame: ReceivedFrame): Delivery {
    frame.takers += 1;
    this.#places.positions[socket] = frame.upto;
    this.#last[socket] = frame;
    return frame.delivery;
  }

  #accountFor(socket: number, key: number, bytes: Buffer): Delivery {
    try {
      return this.#take(socket, this.#find(socket, key, bytes), 0);
    } catch {
      this.#unreadable += 1;
      return NOTHING;
    }
  }

  /** What is new in the frame is known to the group before the socket's account is settled. */
  #find(socket: number, key: number, bytes: Buffer): ReceivedFrame {
    const group = this.#places.group(socket);
    const { frame, isNew } = group.cache.find(key, bytes);
    if (!isNew) return frame;
    const nowMs = this.#nowMs();
    for (const event of frame.events) {
      const { isNew: isNewEvent, isLate } = group.list.add(event, nowMs);
      if (isNewEvent && (isLate || event.id <= group.high)) this.#passedOver(group, event.id);
    }
    return frame;
  }

  /** An event came to light behind which some stand already: they lack it. */
  #passedOver(group: ReceiptGroup, id: number): void {
    group.cache.unlink();
    const { positions, starts } = this.#places;
    for (const socket of this.#places.opened()) {
      if (this.#places.group(socket) !== group) continue;
      if ((positions[socket] ?? 0) >= id && (starts[socket] ?? 0) < id) this.#gapsOf(socket).add(id - 1, id);
    }
  }

  /** What is not behind `shownUpto` is shown again, rightly. */
  #take(socket: number, frame: ReceivedFrame, shownUpto: number): Delivery {
    const group = this.#places.group(socket);
    if (this.#places.positions[socket] === UNPLACED) this.#placeAtFirst(socket, frame);
    const position = this.#places.positions[socket] ?? 0;
    if (group.isNext(frame, position)) {
      frame.takers += 1;
      this.#places.positions[socket] = frame.upto;
      const last = this.#last[socket];
      if (last !== undefined) last.next = frame;
    } else {
      this.#takeSingly(socket, frame, shownUpto);
      group.sampled += frame.sampled;
    }
    group.high = Math.max(group.high, frame.upto);
    this.#last[socket] = this.#places.positions[socket] === frame.upto ? frame : undefined;
    return frame.delivery;
  }

  #takeSingly(socket: number, frame: ReceivedFrame, shownUpto: number): void {
    const { list } = this.#places.group(socket);
    for (const { id } of frame.events) {
      if (id <= shownUpto) continue;
      const position = this.#places.positions[socket] ?? 0;
      if (id <= position) {
        this.#takeLate(socket, id);
        continue;
      }
      if (list.hasBetween(position, id)) this.#gapsOf(socket).add(position, id - 1);
      list.deliver(id, 1);
      this.#places.positions[socket] = id;
    }
    const position = this.#places.positions[socket] ?? 0;
    if (frame.upto <= position) return;
    if (list.hasBetween(position, frame.upto + 1)) this.#gapsOf(socket).add(position, frame.upto);
    this.#places.positions[socket] = frame.upto;
  }

  /** Behind something later: in its gap it is late, otherwise it was there before. */
  #takeLate(socket: number, id: number): void {
    const group = this.#places.group(socket);
    const isBeforeStart = id <= (this.#places.starts[socket] ?? 0);
    if (isBeforeStart && group.where.version === 1) this.#startEarlier(socket, id - 1);
    if (this.#gaps.get(socket)?.fill(id) === true) {
      group.list.deliver(id, 1);
      group.noteDisordered(id);
      this.#tell(socket, "disordered", id);
    } else {
      group.noteDoubled(id);
      this.#tell(socket, "doubled", id);
    }
  }

  /** What the server shows at the beginning is its choice; what it leaves out on a socket's way to there is declared. */
  #beginAnew(socket: number, frame: ReceivedFrame): void {
    const start = (frame.events[0]?.id ?? frame.upto + 1) - 1;
    const position = this.position(socket);
    if (position === undefined) {
      this.#place(socket, start);
      return;
    }
    const group = this.#places.group(socket);
    this.#tellLost(socket);
    this.#gaps.delete(socket);
    group.owed.end(position);
    if (start > position) {
      group.reset.begin(position);
      group.reset.end(start);
    }
    this.#place(socket, Math.max(start, position));
  }

  #place(socket: number, position: number): void {
    this.#places.positions[socket] = position;
    this.#places.starts[socket] = position;
    this.#last[socket] = undefined;
    const group = this.#places.group(socket);
    group.owed.begin(position);
    group.high = Math.max(group.high, position);
  }

  /** Version 1, by what it saw first; what others saw long after it joined and it did not, it lacks. */
  #placeAtFirst(socket: number, frame: ReceivedFrame): void {
    const first = frame.events[0]?.id ?? frame.upto;
    const group = this.#places.group(socket);
    this.#place(socket, Math.min(first, group.list.firstSeenBehind((this.#places.joinedMs[socket] ?? 0) + GRACE_MS) ?? first) - 1);
  }

  /** Version 1, where it saw nothing: it is owed what others saw long after it joined. */
  #placeLate(socket: number): void {
    if (this.#places.positions[socket] !== UNPLACED) return;
    const { list } = this.#places.group(socket);
    const first = list.firstSeenBehind((this.#places.joinedMs[socket] ?? 0) + GRACE_MS);
    if (first !== undefined) this.#place(socket, first - 1);
  }

  /** Version 1: something from before what it seemed to begin with. */
  #startEarlier(socket: number, start: number): void {
    const { owed } = this.#places.group(socket);
    const before = this.#places.starts[socket] ?? 0;
    owed.begin(start);
    owed.end(before);
    this.#gapsOf(socket).add(start, before);
    this.#places.starts[socket] = start;
  }

  #tellLost(socket: number, violations = this.#violations): void {
    const group = this.#places.group(socket);
    for (const [after, upto] of this.#gaps.get(socket) ?? []) {
      for (const id of group.list.between(after, upto)) this.#tell(socket, "lost", id, violations);
    }
  }

  #tell(socket: number, kind: Violation["kind"], id: number, violations = this.#violations): void {
    violations.tell(this.#places.group(socket).where, { socket, kind, id });
  }

  #gapsOf(socket: number): Gaps {
    const gaps = this.#gaps.get(socket) ?? new Gaps();
    this.#gaps.set(socket, gaps);
    return gaps;
  }
}
