/**
 * The frames that a group's sockets got lately, as first seen: each is read once, every other socket's copy is compared with
 * it byte for byte. Bounded by bytes; what was forgotten is read again where a socket comes that late.
 */
import { type ReceivedFrame, readFrame } from "./received-frame.ts";

const MAX_BYTES = 8 * 1_048_576;
/** Around a small frame. */
const FRAME_OVERHEAD_BYTES = 256;

export class FrameCache {
  readonly #run: number;
  readonly #byKey = new Map<number, ReceivedFrame[]>();
  readonly #onForget: (frame: ReceivedFrame) => void;
  /** Oldest first, from `#first` on. */
  #queue: { key: number; frame: ReceivedFrame }[] = [];
  #first = 0;
  #bytes = 0;

  /** `onForget`: its takers are to be counted before it goes. */
  constructor(run: number, onForget: (frame: ReceivedFrame) => void) {
    this.#run = run;
    this.#onForget = onForget;
  }

  /** The frame with these bytes. `key`: a number that equal frames have in common. Throws where the bytes are no frame. */
  find(key: number, bytes: Buffer): { frame: ReceivedFrame; isNew: boolean } {
    const variants = this.#byKey.get(key);
    const known = variants?.find((frame) => frame.bytes.equals(bytes));
    if (known !== undefined) return { frame: known, isNew: false };
    const frame = readFrame(bytes, this.#run);
    if (variants === undefined) this.#byKey.set(key, [frame]);
    else variants.push(frame);
    this.#queue.push({ key, frame });
    this.#bytes += bytes.length + FRAME_OVERHEAD_BYTES;
    while (this.#bytes > MAX_BYTES && this.#queue.length - this.#first > 1) this.#forgetOldest();
    return { frame, isNew: true };
  }

  *all(): Iterable<ReceivedFrame> {
    for (let i = this.#first; i < this.#queue.length; i += 1) {
      const entry = this.#queue[i];
      if (entry !== undefined) yield entry.frame;
    }
  }

  /** What follows what is not known any more: an event came to light that belongs between. */
  unlink(): void {
    for (const frame of this.all()) frame.next = undefined;
  }

  /** Cut off and emptied: a socket that stands at it keeps neither its bytes nor those behind it. */
  #forgetOldest(): void {
    const oldest = this.#queue[this.#first];
    if (oldest === undefined) return;
    const { key, frame } = oldest;
    this.#first += 1;
    if (this.#first > 1_024 && this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    this.#bytes -= frame.bytes.length + FRAME_OVERHEAD_BYTES;
    this.#onForget(frame);
    frame.bytes = Buffer.alloc(0);
    frame.next = undefined;
    const left = (this.#byKey.get(key) ?? []).filter((other) => other !== frame);
    if (left.length === 0) this.#byKey.delete(key);
    else this.#byKey.set(key, left);
  }
}
