/** What the senders of a room did and were answered over the whole run. */
import { ACK_SKIPPED, type RoomSends } from "./sends.ts";

/** One number for a sender's message. */
export type MessageKey = number;

const MAX_MESSAGES_A_SENDER = 2 ** 21;

export function keyOf(sender: number, n: number): MessageKey {
  return sender * MAX_MESSAGES_A_SENDER + n;
}

export function senderAndN(key: MessageKey): { sender: number; n: number } {
  return { sender: Math.floor(key / MAX_MESSAGES_A_SENDER), n: key % MAX_MESSAGES_A_SENDER };
}

export interface SenderPage {
  readonly sender: number;
  readonly version: 1 | 2;
  /** In the order of going out; a repetition is there again. */
  readonly sent: number[];
  readonly unsent: Set<number>;
  readonly unanswered: Set<number>;
  /** By number: version 2. */
  readonly refused: Map<number, string>;
  /** By number, the code of the last answer. */
  readonly postponed: Map<number, string>;
  /** Of version 1, which does not say what was refused: how many, by code. */
  readonly refusals: Map<string, number>;
}

export class SendBook {
  readonly senders = new Map<number, SenderPage>();
  /** All ids that a message was acknowledged under; more than one where it was accepted more than once. */
  readonly acked = new Map<MessageKey, number[]>();
  /** Ids whose acknowledgement said that they are not shown. */
  readonly skipped = new Set<number>();

  constructor(reports: readonly RoomSends[]) {
    for (const report of reports) this.#add(report);
  }

  #add({ version, sent, unsent, unanswered, postponed, acks, refusals }: RoomSends): void {
    eachPair(sent, (sender, n) => this.#page(sender, version).sent.push(n));
    eachPair(unsent, (sender, n) => this.#page(sender, version).unsent.add(n));
    eachPair(unanswered, (sender, n) => this.#page(sender, version).unanswered.add(n));
    for (const [sender, n, code] of postponed) this.#page(sender, version).postponed.set(n, code);
    for (let i = 0; i + 3 < acks.length; i += 4) this.#noteAck(keyOf(acks[i] ?? 0, acks[i + 1] ?? 0), acks[i + 2] ?? 0, acks[i + 3] ?? 0);
    for (const [sender, n, code] of refusals) {
      const page = this.#page(sender, version);
      if (n >= 0) page.refused.set(n, code);
      else page.refusals.set(code, (page.refusals.get(code) ?? 0) + 1);
    }
  }

  /** A repetition is answered with the id of the first: one acceptance, however often it is said. */
  #noteAck(key: MessageKey, id: number, flags: number): void {
    const ids = this.acked.get(key) ?? [];
    if (!ids.includes(id)) this.acked.set(key, [...ids, id]);
    if ((flags & ACK_SKIPPED) !== 0) this.skipped.add(id);
  }

  #page(sender: number, version: 1 | 2): SenderPage {
    const known = this.senders.get(sender);
    if (known !== undefined) return known;
    const fresh: SenderPage = {
      sender,
      version,
      sent: [],
      unsent: new Set(),
      unanswered: new Set(),
      refused: new Map(),
      postponed: new Map(),
      refusals: new Map(),
    };
    this.senders.set(sender, fresh);
    return fresh;
  }
}

function eachPair(flat: readonly number[], each: (sender: number, n: number) => void): void {
  for (let i = 0; i + 1 < flat.length; i += 2) each(flat[i] ?? 0, flat[i + 1] ?? 0);
}
