/** A room's page of the certificate while it is being written: rows, and as many findings as fit. */
import { loadClientId } from "../generator/load-text.ts";
import type { Finding, Hop, HopCount } from "./certificate.ts";
import { type MessageKey, senderAndN } from "./send-book.ts";

/** Of a room; what goes beyond is counted. */
const MAX_FINDINGS = 100;
const KINDS = ["lost", "doubled", "disordered"] as const;

interface Sums {
  readonly owed: number;
  readonly once: number;
  readonly skipped: Readonly<Record<string, number>>;
}

/** One thing that went wrong: the message, its id where it has one, how many times. */
export interface Found {
  readonly key: MessageKey | undefined;
  readonly id: number;
  readonly times: number;
}

export type FoundByKind = Readonly<Record<(typeof KINDS)[number], readonly Found[]>>;

export class RoomPage {
  readonly room: string;
  readonly hops: HopCount[] = [];
  readonly findings: Finding[] = [];
  moreFindings = 0;
  readonly #run: number;

  constructor(run: number, room: string) {
    this.#run = run;
    this.room = room;
  }

  /** A row of a hop that was watched. */
  add(hop: Hop, where: string, { owed, once, skipped }: Sums, found: FoundByKind): void {
    const timesOf = (kind: keyof FoundByKind) => found[kind].reduce((sum, { times }) => sum + times, 0);
    const counts = { lost: timesOf("lost"), doubled: timesOf("doubled"), disordered: timesOf("disordered") };
    this.hops.push({ hop, where, isObserved: true, owed, once, skipped, ...counts });
    for (const kind of KINDS) for (const one of found[kind]) this.#find({ hop, where, kind }, one);
  }

  addUnobserved(hop: Hop): void {
    this.hops.push({ hop, where: "", isObserved: false, owed: 0, once: 0, skipped: {}, lost: 0, doubled: 0, disordered: 0 });
  }

  #find(what: Pick<Finding, "hop" | "where" | "kind">, { key, id, times }: Found): void {
    if (this.findings.length >= MAX_FINDINGS) {
      this.moreFindings += 1;
      return;
    }
    const { sender, n } = senderAndN(key ?? 0);
    const clientId = key === undefined ? "" : loadClientId(this.#run, sender, n);
    this.findings.push({ room: this.room, ...what, id, clientId, ...(times > 1 ? { times } : {}) });
  }
}
