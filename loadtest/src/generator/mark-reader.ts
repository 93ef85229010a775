/**
 * How many messages of the run a frame holds, and the oldest: read from the bytes by their marks, whatever the frame around
 * them. For servers whose frames the ledger does not know. The same bytes go to all sockets, so what was read lately is found
 * again by its ends: a frame begins and ends with ids, times and marks that no other one has.
 */
import { type Delivery, NOTHING } from "../ledger/received-frame.ts";
import { parseLoadText } from "./load-text.ts";

/** Slow sockets are many frames behind fast ones: what the slowest still gets must be kept. */
const KEPT_FRAMES = 2_048;
const END_BYTES = 160;
const MAX_MARK_BYTES = 40;
/** Within these stands an id, whatever the frame. */
const KEY_BYTES = 96;
const FNV_PRIME = 0x01000193;

interface ReadFrame {
  readonly head: Buffer;
  readonly tail: Buffer;
  readonly length: number;
  readonly delivery: Delivery;
}

export class MarkReader {
  readonly #mark: string;
  readonly #frames = new Map<number, ReadFrame>();

  constructor(run: number) {
    this.#mark = `~${run.toString(36)}.`;
  }

  read(frame: Buffer): Delivery {
    const key = keyOf(frame);
    const known = this.#frames.get(key);
    if (known !== undefined && isSame(known, frame)) return known.delivery;
    const delivery = this.#readMarks(frame);
    const [head, tail] = [Buffer.from(frame.subarray(0, END_BYTES)), Buffer.from(frame.subarray(-END_BYTES))];
    this.#frames.set(key, { head, tail, length: frame.length, delivery });
    if (this.#frames.size > KEPT_FRAMES) this.#forgetOldest();
    return delivery;
  }

  #forgetOldest(): void {
    for (const key of this.#frames.keys()) {
      this.#frames.delete(key);
      return;
    }
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
    return events === 0 ? NOTHING : { events, oldestSentUs };
  }
}

/** Of its length and its first bytes. */
function keyOf(frame: Buffer): number {
  let hash = frame.length;
  const end = Math.min(frame.length - 4, KEY_BYTES);
  for (let i = 0; i <= end; i += 4) hash = Math.imul(hash ^ frame.readInt32LE(i), FNV_PRIME);
  return hash;
}

function isSame({ head, tail, length }: ReadFrame, frame: Buffer): boolean {
  if (length !== frame.length || head.compare(frame, 0, head.length) !== 0) return false;
  return tail.compare(frame, length - tail.length, length) === 0;
}
