/** The certificates of a long run's periods as one: each hop's counts added up. */
import type { Certificate, Finding, HopCount } from "./certificate.ts";

const MAX_FINDINGS = 100;

/** Adds up as the run goes, so that its length costs no memory. */
export class CertificateSum {
  readonly #rooms = new Map<string, Map<string, HopCount>>();
  readonly #findings: Finding[] = [];
  #isClean = true;
  #moreFindings = 0;
  #unreadableFrames = 0;

  add({ isClean, rooms, findings, moreFindings, unreadableFrames = 0 }: Certificate): void {
    for (const { room, hops } of rooms) {
      const sums = this.#rooms.get(room) ?? new Map<string, HopCount>();
      this.#rooms.set(room, sums);
      for (const hop of hops) {
        const name = `${hop.hop} ${hop.where}`;
        const before = sums.get(name);
        sums.set(name, before === undefined ? hop : added(before, hop));
      }
    }
    const room = MAX_FINDINGS - this.#findings.length;
    this.#findings.push(...findings.slice(0, room));
    this.#moreFindings += moreFindings + Math.max(0, findings.length - room);
    this.#isClean &&= isClean;
    this.#unreadableFrames += unreadableFrames;
  }

  get certificate(): Certificate {
    return {
      isClean: this.#isClean,
      rooms: [...this.#rooms].map(([room, hops]) => ({ room, hops: [...hops.values()] })),
      findings: [...this.#findings],
      moreFindings: this.#moreFindings,
      ...(this.#unreadableFrames > 0 ? { unreadableFrames: this.#unreadableFrames } : {}),
    };
  }
}

/** What was seen in one period counts, whether or not the hop was watched in the others: how often it was not is told beside it. */
function added(a: HopCount, b: HopCount): HopCount {
  const unwatchedPeriods = unwatchedOf(a) + unwatchedOf(b);
  const skipped = { ...a.skipped };
  for (const [rule, count] of Object.entries(b.skipped)) skipped[rule] = (skipped[rule] ?? 0) + count;
  return {
    hop: a.hop,
    where: a.where,
    isObserved: a.isObserved || b.isObserved,
    ...(unwatchedPeriods > 0 ? { unwatchedPeriods } : {}),
    owed: a.owed + b.owed,
    once: a.once + b.once,
    skipped,
    lost: a.lost + b.lost,
    doubled: a.doubled + b.doubled,
    disordered: a.disordered + b.disordered,
  };
}

function unwatchedOf({ isObserved, unwatchedPeriods }: HopCount): number {
  return unwatchedPeriods ?? (isObserved ? 0 : 1);
}
