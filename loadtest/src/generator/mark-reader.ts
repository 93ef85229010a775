/**
 * How many messages of the run a frame holds, and the oldest: read from the bytes by their marks, whatever the frame around
 * them. For servers whose frames the ledger does not know. The same bytes go to all sockets, so what was read lately is
 * compared and not read again.
 */
import { type Delivery, NOTHING } from "../ledger/received-frame.ts";
import { parseLoadText } from "./load-text.ts";

const KEPT_FRAMES = 32;
const MAX_MARK_BYTES = 40;

export class MarkReader {
  readonly #mark: string;
  readonly #frames: Buffer[] = [];
  readonly #deliveries: Delivery[] = [];
  #oldest = 0;
  #last = 0;

  constructor(run: number) {
    this.#mark = `~${run.toString(36)}.`;
  }

  read(frame: Buffer): Delivery {
    // Frames of one tick follow each other on every socket: the one after the last hit is the likely one.
    for (let i = 0; i < this.#frames.length; i += 1) {
      const at = (this.#last + 1 + i) % this.#frames.length;
      const known = this.#frames[at];
      if (known === undefined || known.length !== frame.length || !known.equals(frame)) continue;
      this.#last = at;
      return this.#deliveries[at] ?? NOTHING;
    }
    const delivery = this.#readMarks(frame);
    this.#last = this.#oldest;
    this.#frames[this.#oldest] = Buffer.from(frame);
    this.#deliveries[this.#oldest] = delivery;
    this.#oldest = (this.#oldest + 1) % KEPT_FRAMES;
    return delivery;
  }

  #readMarks(frame: Buffer): Delivery {
    let events = 0;
    let oldestSentUs = 0;
    for (let at = frame.indexOf(this.#mark); at !== -1; at = frame.indexOf(this.#mark, at + 1)) {
      const message = parseLoadText(frame.toString("latin1", at, at + MAX_MARK_BYTES));
      if (message === undefined) continue;
      events += 1;
      if (oldestSentUs === 0 || message.sentUs < oldestSentUs) oldestSentUs = message.sentUs;
    }
    return { events, oldestSentUs };
  }
}
