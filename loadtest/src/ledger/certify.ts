/**
 * From what was seen of a room at each hop to its page of the certificate. Every hop owes what the hop before brought, so
 * that a message is missed once, at the first hop that lacks it; what comes twice or out of turn is likewise told at the
 * first hop that shows it. A hop that nobody watched is passed over: the next one owes what the last watched one brought.
 */
import { Accepted } from "./accepted.ts";
import type { Hop } from "./certificate.ts";
import { type Handed, judgeReceived } from "./certify-received.ts";
import { judgeAccepted, judgeSent, type SenderVerdict } from "./certify-sends.ts";
import { judge, NO_BLEMISHES, type Verdict } from "./judge.ts";
import type { GatewayTrail, RoomObservations } from "./observations.ts";
import { type Found, RoomPage } from "./room-page.ts";
import { SendBook, senderAndN } from "./send-book.ts";
import { viewTrail } from "./trail-stretches.ts";

/** Accepted, but declared as not shown. */
const SAMPLED = "sampled";
/** Accepted by a chat that samples, and nobody who was watched says whether it was to be shown. */
const UNKNOWN = "unknown";
/** Accepted, not taken by Postgres, kept for an operator. */
const DEAD_LETTER = "dead_letter";

export function certifyRoom(run: number, seen: RoomObservations): RoomPage {
  return new RoomAudit(run, seen).page;
}

class RoomAudit {
  readonly page: RoomPage;
  readonly #seen: RoomObservations;
  readonly #book: SendBook;
  readonly #accepted: Accepted;
  readonly #sampled: ReadonlySet<number>;
  readonly #unknown: ReadonlySet<number>;

  constructor(run: number, seen: RoomObservations) {
    this.page = new RoomPage(run, seen.room);
    this.#seen = seen;
    this.#book = new SendBook(seen.sends);
    this.#accepted = new Accepted(seen, this.#book);
    this.#sampled = new Set([...seen.sampled, ...this.#book.skipped]);
    this.#unknown = this.#perhapsSampled();
    this.#writeSends();
    const logged = this.#writeLogged();
    this.#writeReceived(logged, this.#writeGateways(logged));
    this.#writeStored(logged);
  }

  #writeSends(): void {
    const senders = [...this.#book.senders.values()];
    this.#addSenders("sent", senders.map(judgeSent));
    this.#addSenders(
      "accepted",
      senders.map((sender) => judgeAccepted(sender, this.#accepted)),
    );
  }

  #writeLogged(): Verdict {
    const { logged } = this.#seen;
    const owed = this.#accepted.ids;
    if (logged !== undefined) return this.#add("logged", "", judge({ owed, seen: this.#accepted.sightings(logged) }));
    this.page.addUnobserved("logged");
    return { owed: 0, once: 0, skipped: {}, lost: [], doubled: [], disordered: [], present: owed, blemishes: NO_BLEMISHES };
  }

  #writeGateways(logged: Verdict): Handed[] {
    const { trails } = this.#seen;
    if (trails.length === 0) for (const hop of ["relayed", "handed"] as const) this.page.addUnobserved(hop);
    const relayed = trails.map((trail) => this.#writeRelayed(trail, logged));
    return trails.flatMap((trail, i) => ([1, 2] as const).map((version) => this.#writeHanded(trail, version, relayed[i] ?? logged)));
  }

  #writeRelayed({ gateway, relayed }: GatewayTrail, { present, blemishes }: Verdict): Verdict {
    const { covers, entries } = viewTrail(relayed);
    const owed = present.filter(covers);
    const seen = entries.map(([id]) => ({ id }));
    return this.#add("relayed", gateway, judge({ owed, seen, before: blemishes, ruleOf: this.#sampledRule }));
  }

  #writeHanded(trail: GatewayTrail, version: 1 | 2, relayed: Verdict): Handed {
    const { covers, entries } = viewTrail(version === 1 ? trail.handed1 : trail.handed2);
    const unheard = new Set(entries.filter(([, sockets]) => sockets === 0).map(([id]) => id));
    const owed = relayed.present.filter((id) => covers(id) && !unheard.has(id));
    const seen = entries.filter(([, sockets]) => sockets > 0).map(([id]) => ({ id }));
    const verdict = judge({ owed, seen, before: relayed.blemishes, ruleOf: this.#sampledRule });
    if (owed.length > 0) this.#add("handed", `${trail.gateway} v${version}`, verdict);
    const withheld = new Set([...relayed.lost, ...verdict.lost]);
    return { gateway: trail.gateway, version, withheld, blemishes: verdict.blemishes };
  }

  #writeReceived({ present: due }: Verdict, handed: readonly Handed[]): void {
    const groups = Map.groupBy(this.#seen.receipts, ({ gateway, version }) => `${gateway} v${version}`);
    if (groups.size === 0) this.page.addUnobserved("received");
    for (const [where, ofGroup] of groups) {
      const [first] = ofGroup;
      const sameVersion = handed.filter(({ version }) => version === first?.version);
      const own = sameVersion.filter(({ gateway }) => gateway === first?.gateway);
      const verdict = judgeReceived({
        groups: ofGroup,
        handed: own.length > 0 ? own : sameVersion,
        accepted: this.#accepted,
        due,
        ruleOf: this.#sampledRule,
      });
      const found = (times: ReadonlyMap<number, number>) => [...times].map(([id, count]) => this.#found(id, count));
      const { lost, doubled, disordered } = verdict;
      this.page.add("received", where, verdict, { lost: found(lost), doubled: found(doubled), disordered: found(disordered) });
    }
  }

  #writeStored({ present: owed, blemishes }: Verdict): void {
    const { stored, deadLetters } = this.#seen;
    if (stored === undefined) {
      this.page.addUnobserved("stored");
      return;
    }
    const ruleOf = (id: number) => (deadLetters.has(id) ? DEAD_LETTER : this.#rejection(id));
    this.#add("stored", "", judge({ owed, seen: this.#accepted.sightings(stored), before: blemishes, ruleOf }));
  }

  readonly #sampledRule = (id: number) => (this.#sampled.has(id) ? SAMPLED : this.#unknown.has(id) ? UNKNOWN : undefined);

  /**
   * Without the log only acks tell what is sampled. What was stored without one (version 1 has none) and came by no gateway and to
   * no socket may be sampled, where the chat says that it samples at all: where it does not, that is lost.
   */
  #perhapsSampled(): Set<number> {
    const { logged, stored = [], receipts, trails } = this.#seen;
    const doesSample = this.#sampled.size > 0 || receipts.some(({ sampled }) => sampled > 0);
    if (logged !== undefined || !doesSample) return new Set();
    const relayed = trails.flatMap((trail) => trail.relayed.filter(([, sockets]) => sockets >= 0).map(([id]) => id));
    const known = new Set([...[...this.#book.acked.values()].flat(), ...receipts.flatMap(({ ids }) => ids), ...relayed]);
    return new Set(stored.map(({ id }) => id).filter((id) => !known.has(id)));
  }

  /** Accepted, and withdrawn by name since. */
  #rejection(id: number): string | undefined {
    const { sender, n } = senderAndN(this.#accepted.keyOf(id) ?? 0);
    return this.#book.senders.get(sender)?.refused.get(n);
  }

  #add(hop: Hop, where: string, verdict: Verdict): Verdict {
    const found = (ids: readonly number[]) => ids.map((id) => this.#found(id, 1));
    const { lost, doubled, disordered } = verdict;
    this.page.add(hop, where, verdict, { lost: found(lost), doubled: found(doubled), disordered: found(disordered) });
    return verdict;
  }

  #addSenders(hop: Hop, verdicts: readonly SenderVerdict[]): void {
    const found = (kind: "lost" | "doubled" | "disordered") =>
      verdicts.flatMap((verdict) => verdict[kind].map((key) => ({ key, id: 0, times: 1 })));
    const skipped: Record<string, number> = {};
    for (const verdict of verdicts) {
      for (const [rule, times] of Object.entries(verdict.skipped)) skipped[rule] = (skipped[rule] ?? 0) + times;
    }
    const sum = (of: (verdict: SenderVerdict) => number) => verdicts.reduce((total, verdict) => total + of(verdict), 0);
    const sums = { owed: sum(({ owed }) => owed), once: sum(({ once }) => once), skipped };
    this.page.add(hop, "", sums, { lost: found("lost"), doubled: found("doubled"), disordered: found("disordered") });
  }

  #found(id: number, times: number): Found {
    return { key: this.#accepted.keyOf(id), id, times };
  }
}
