/** The last hop of the way out: what sockets received, all workers together, against what their gateway handed over. */
import type { Accepted } from "./accepted.ts";
import { countAlong } from "./coverage.ts";
import { IdIndex } from "./id-index.ts";
import type { Blemishes } from "./judge.ts";
import type { GroupReceipts } from "./receipts-report.ts";
import { keyOf } from "./send-book.ts";

/** What a gateway handed to the sockets of one version, as far as its trail tells. */
export interface Handed {
  readonly gateway: string;
  readonly version: 1 | 2;
  /** An earlier hop did not bring it to these sockets: only pages (a resume, a welcome) may have. */
  readonly withheld: ReadonlySet<number>;
  readonly blemishes: Blemishes;
}

/** Deliveries: events × sockets. Findings are ids, with how many sockets they are about. */
export interface ReceivedVerdict {
  readonly owed: number;
  readonly once: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly lost: ReadonlyMap<number, number>;
  readonly doubled: ReadonlyMap<number, number>;
  readonly disordered: ReadonlyMap<number, number>;
}

export interface ReceivedParts {
  /** All of one gateway and version. */
  groups: readonly GroupReceipts[];
  /** That gateway's; all gateways' where a balancer hides which it was. */
  handed: readonly Handed[];
  accepted: Accepted;
  /** Ids that hops before the gateways brought so far. */
  due: readonly number[];
  /** Why something need not be shown, by the name of the rule. */
  ruleOf: (id: number) => string | undefined;
}

export function judgeReceived({ groups, handed, accepted, due, ruleOf }: ReceivedParts): ReceivedVerdict {
  const deliveries = sumDeliveries(groups, due, accepted);
  const owedOf = groups.map(({ owed }) => countAlong(owed));
  const resetOf = groups.map(({ reset }) => countAlong(reset));
  const sum = (counts: readonly ((id: number) => number)[], id: number) => counts.reduce((total, count) => total + count(id), 0);
  const result = { owed: 0, lost: new Map<number, number>(), doubled: new Map<number, number>(), disordered: new Map<number, number>() };
  const skipped: Record<string, number> = {};
  const skip = (rule: string, times: number) => {
    if (times > 0) skipped[rule] = (skipped[rule] ?? 0) + times;
  };
  const declared = new Declared(groups);
  let delivered = 0;
  for (const [i, id] of due.entries()) {
    const [received = 0, late = 0, again = 0] = [deliveries.received[i], deliveries.late[i], deliveries.again[i]];
    const [listened, reset] = [sum(owedOf, id), sum(resetOf, id)];
    const isWithheld = handed.some((one) => one.withheld.has(id));
    const rule = ruleOf(id);
    const missing = isWithheld && rule === undefined ? 0 : Math.max(0, listened - received);
    result.owed += received + missing + reset;
    delivered += received;
    skip("reset", reset);
    const undeclared = rule === undefined ? missing : declared.undeclared(id, missing);
    if (rule !== undefined) skip(rule, missing - undeclared);
    if (undeclared > 0) result.lost.set(id, undeclared);
    // More than are owed it got it, though nobody got it twice: they had no right to it.
    const beyond = again + Math.max(0, received - listened);
    if (beyond > 0 && !handed.some((one) => one.blemishes.doubled.has(id))) result.doubled.set(id, beyond);
    if (late > 0 && !handed.some((one) => one.blemishes.disordered.has(id))) result.disordered.set(id, Math.min(late, received));
  }
  const disordered = [...result.disordered.values()].reduce((total, times) => total + times, 0);
  return { ...result, once: delivered - disordered, skipped };
}

/**
 * What the batches of version 2 said they leave out: what is not shown beyond that number was not declared. Version 1 is
 * told nothing. What the last socket has not heard of yet may still be declared.
 */
class Declared {
  readonly #heardUpto: number;
  #left: number;

  constructor(groups: readonly GroupReceipts[]) {
    const isTold = groups[0]?.version === 2;
    this.#left = isTold ? groups.reduce((sum, { sampled }) => sum + sampled, 0) : Number.POSITIVE_INFINITY;
    this.#heardUpto = Math.min(...groups.map(({ heardUpto }) => heardUpto));
  }

  undeclared(id: number, missing: number): number {
    if (id > this.#heardUpto) return 0;
    const undeclared = Math.max(0, missing - this.#left);
    this.#left -= missing - undeclared;
    return undeclared;
  }
}

/** By the place in `due`. */
interface Deliveries {
  readonly received: Uint32Array;
  readonly late: Uint32Array;
  readonly again: Uint32Array;
}

/** By the id a message was accepted with; what came under another one is out of its place. */
function sumDeliveries(groups: readonly GroupReceipts[], due: readonly number[], accepted: Accepted): Deliveries {
  const empty = () => new Uint32Array(due.length);
  const deliveries = { received: empty(), late: empty(), again: empty() };
  const add = (index: IdIndex, id: number | undefined, what: keyof Deliveries, times: number) => {
    const at = id === undefined ? -1 : index.indexOf(id);
    if (at >= 0) deliveries[what][at] = (deliveries[what][at] ?? 0) + times;
  };
  for (const group of groups) {
    const index = new IdIndex(due);
    group.ids.forEach((seenId, i) => {
      const [sender = 0, n = 0, times = 0] = [group.senders[i], group.ns[i], group.delivered[i]];
      const isMoved = accepted.keyOf(seenId) !== keyOf(sender, n);
      const id = isMoved ? accepted.idsOf(sender, n)[0] : seenId;
      add(index, id, "received", times);
      if (isMoved) add(index, id, "late", times);
    });
    for (const [id, times] of group.doubled) add(index, id, "again", times);
    for (const [id, times] of group.disordered) add(index, id, "late", times);
  }
  return deliveries;
}
