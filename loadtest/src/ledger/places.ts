/**
 * Where each socket of a worker listens, and how far it has come: by its number, in typed arrays, since there are thousands of
 * them and every frame moves one.
 */
import { ReceiptGroup } from "./receipt-group.ts";
import type { Where } from "./receipts-report.ts";

/** The position of a socket before it is known. */
export const UNPLACED = -1;

export class Places {
  /** The last that each had, or was passed over with; of one that left, where it stood. */
  readonly positions: Float64Array;
  /** Everything behind it is owed. */
  readonly starts: Float64Array;
  readonly joinedMs: Float64Array;
  /** In the order in which the first of their sockets came. */
  readonly groups: ReceiptGroup[] = [];
  readonly #run: number;
  readonly #groupByWhere = new Map<string, number>();
  readonly #groupOf: Int32Array;
  readonly #isOpen: Uint8Array;

  constructor(run: number, sockets: number) {
    this.#run = run;
    this.positions = new Float64Array(sockets).fill(UNPLACED);
    this.starts = new Float64Array(sockets).fill(UNPLACED);
    this.joinedMs = new Float64Array(sockets);
    this.#groupOf = new Int32Array(sockets);
    this.#isOpen = new Uint8Array(sockets);
  }

  /** A socket comes; it has no place yet. */
  open(socket: number, where: Where, nowMs: number): void {
    this.#groupOf[socket] = this.#indexOf(where);
    this.#isOpen[socket] = 1;
    this.joinedMs[socket] = nowMs;
    this.positions[socket] = UNPLACED;
    this.starts[socket] = UNPLACED;
  }

  close(socket: number): void {
    this.#isOpen[socket] = 0;
  }

  isOpen(socket: number): boolean {
    return this.#isOpen[socket] === 1;
  }

  /** Those that are there. */
  *opened(): Generator<number> {
    for (let socket = 0; socket < this.#isOpen.length; socket += 1) if (this.#isOpen[socket] === 1) yield socket;
  }

  /** Undefined before it is known. */
  position(socket: number): number | undefined {
    const position = this.positions[socket] ?? UNPLACED;
    return position === UNPLACED ? undefined : position;
  }

  /** The group that a socket is in, or was in last. Throws before its first `open`. */
  group(socket: number): ReceiptGroup {
    const group = this.groups[this.#groupOf[socket] ?? 0];
    if (group === undefined) throw new Error("the socket has not begun");
    return group;
  }

  /** The lowest position of those in a group that are there; infinite where nobody is. */
  lowest(group: ReceiptGroup): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const socket of this.opened()) {
      if (this.group(socket) === group) lowest = Math.min(lowest, this.positions[socket] ?? 0);
    }
    return lowest;
  }

  #indexOf(where: Where): number {
    const name = `${where.room} ${where.gateway} ${where.version}`;
    const known = this.#groupByWhere.get(name);
    if (known !== undefined) return known;
    this.#groupByWhere.set(name, this.groups.length);
    return this.groups.push(new ReceiptGroup(where, this.#run)) - 1;
  }
}
