/**
 * What the senders of one worker did and were answered, gathered between two reports to the parent. Flat arrays of numbers:
 * some thousand messages a second go from process to process this way, never one by one.
 *
 * Version 2 answers each message by its client_id. Version 1 answers only refusals and does not say of which message; a
 * message of version 1 is known to be accepted where it is seen.
 */

export interface RoomSends {
  readonly room: string;
  readonly version: 1 | 2;
  /** In the order of going out, a repetition again: `sender, n` each. */
  readonly sent: readonly number[];
  /** Meant to go out by the schedule, but there was no socket to send it on: `sender, n` each. */
  readonly unsent: readonly number[];
  /** `sender, n, id, flags` each: DUPLICATE, SKIPPED. */
  readonly acks: readonly number[];
  /** Refused by name (`rate_limited`) in an `error` or `rejected` frame. Version 1: `n` is -1. */
  readonly refusals: readonly (readonly [sender: number, n: number, code: string])[];
  /** The connection ended before the answer and the message is not sent again: `sender, n` each. */
  readonly unanswered: readonly number[];
  /** Told to say it again later (`busy`), until the end of the run: it may have been accepted all the same. Version 2 only. */
  readonly postponed: readonly (readonly [sender: number, n: number, code: string])[];
}

/** Flags of an ack. */
const ACK_DUPLICATE = 1;
export const ACK_SKIPPED = 2;

export interface AckMarks {
  duplicate?: boolean | undefined;
  skipped?: boolean | undefined;
}

interface Gathered {
  readonly sent: number[];
  readonly unsent: number[];
  readonly acks: number[];
  readonly refusals: [sender: number, n: number, code: string][];
  readonly unanswered: number[];
  readonly postponed: [sender: number, n: number, code: string][];
}

export class Sends {
  #byRoom = new Map<string, RoomSends & Gathered>();

  sent(room: string, version: 1 | 2, sender: number, n: number): void {
    this.#of(room, version).sent.push(sender, n);
  }

  unsent(room: string, version: 1 | 2, sender: number, n: number): void {
    this.#of(room, version).unsent.push(sender, n);
  }

  acked(room: string, sender: number, n: number, id: number, { duplicate = false, skipped = false }: AckMarks = {}): void {
    this.#of(room, 2).acks.push(sender, n, id, (duplicate ? ACK_DUPLICATE : 0) | (skipped ? ACK_SKIPPED : 0));
  }

  /** `n`: -1 for version 1, which does not say. */
  refused(room: string, version: 1 | 2, sender: number, n: number, code: string): void {
    this.#of(room, version).refusals.push([sender, n, code]);
  }

  unanswered(room: string, version: 1 | 2, sender: number, n: number): void {
    this.#of(room, version).unanswered.push(sender, n);
  }

  postponed(room: string, version: 1 | 2, sender: number, n: number, code: string): void {
    this.#of(room, version).postponed.push([sender, n, code]);
  }

  /** What came since the last call. */
  take(): RoomSends[] {
    const taken = [...this.#byRoom.values()];
    this.#byRoom = new Map();
    return taken;
  }

  #of(room: string, version: 1 | 2): Gathered {
    const key = `${room} ${version}`;
    const known = this.#byRoom.get(key);
    if (known !== undefined) return known;
    const fresh = { room, version, sent: [], unsent: [], acks: [], refusals: [], unanswered: [], postponed: [] };
    this.#byRoom.set(key, fresh);
    return fresh;
  }
}
