/**
 * Server frames out of a TCP stream, as cheap as they get: a frame that lies whole in a chunk is handed on as a view of it,
 * without a copy. Only what a chunk's end cuts in two is copied, once, into a buffer of the frame's size.
 * What the sink is handed is valid during the call alone: the next chunk overwrites it.
 */

export interface FrameSink {
  /** A text or binary message, put together again where it was fragmented. */
  onText(payload: Buffer): void;
  onPing(payload: Buffer): void;
  /** 1005 where the frame names no code. Nothing follows. */
  onClose(code: number, reason: string): void;
  /** The server broke RFC 6455. Nothing follows. */
  onBroken(problem: string): void;
}

/** Above this a length is a broken stream, not a frame. */
const MAX_FRAME_BYTES = 16 * 1_048_576;
const MAX_HEADER_BYTES = 10;
const MAX_CONTROL_BYTES = 125;
const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const CONTINUATION = 0;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const NO_CODE = 1005;

export class FrameReader {
  readonly #sink: FrameSink;
  /** The beginning of a frame; of its whole size as soon as that is known. */
  #part: Buffer | undefined;
  #partLength = 0;
  /** Of that frame; 0 while too little of it is there to know. */
  #size = 0;
  /** Fragments of a message so far. */
  #fragments: Buffer[] | undefined;
  #hasEnded = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes the first `length` bytes of `chunk`. */
  push(chunk: Buffer, length: number): void {
    if (this.#hasEnded) return;
    let at = this.#part === undefined ? 0 : this.#complete(this.#part, chunk, length);
    while (at < length && !this.#hasEnded) {
      const size = frameSize(chunk, at, length);
      const isWhole = size > 0 && at + size <= length;
      if (isWhole) this.#read(chunk, at, at + size);
      else this.#keep(chunk, at, length, size);
      at = isWhole ? at + size : length;
    }
  }

  /** Fills the frame that was cut; answers how many bytes of the chunk that took. */
  #complete(part: Buffer, chunk: Buffer, length: number): number {
    let taken = 0;
    // Too little of a header: its few missing bytes are moved singly until it says the frame's size.
    while (this.#size === 0 && taken < length) {
      part[this.#partLength] = chunk[taken] ?? 0;
      this.#partLength += 1;
      taken += 1;
      const size = frameSize(part, 0, this.#partLength);
      if (size > 0) this.#keep(part, 0, this.#partLength, size);
    }
    if (this.#size === 0 || this.#hasEnded) return taken;
    const frame = this.#part ?? part;
    const rest = Math.min(this.#size - this.#partLength, length - taken);
    chunk.copy(frame, this.#partLength, taken, taken + rest);
    this.#partLength += rest;
    if (this.#partLength === this.#size) {
      this.#part = undefined;
      this.#read(frame, 0, this.#size);
    }
    return taken + rest;
  }

  /** `size`: 0 while it is not known. */
  #keep(bytes: Buffer, start: number, end: number, size: number): void {
    if (size > MAX_FRAME_BYTES) {
      this.#break(`a frame of ${size} bytes`);
      return;
    }
    const part = Buffer.allocUnsafe(size === 0 ? MAX_HEADER_BYTES : size);
    bytes.copy(part, 0, start, end);
    this.#part = part;
    this.#partLength = end - start;
    this.#size = size;
  }

  #read(bytes: Buffer, start: number, end: number): void {
    const first = bytes[start] ?? 0;
    const second = bytes[start + 1] ?? 0;
    const opcode = first & 0x0f;
    const isFinal = (first & FIN) !== 0;
    const payload = bytes.subarray(start + headerSize(second), end);
    let problem: string | undefined;
    if ((first & RESERVED) !== 0) problem = "reserved bits are set";
    else if ((second & MASKED) !== 0) problem = "a server's frame is masked";
    else problem = opcode >= CLOSE ? this.#readControl(opcode, isFinal, payload) : this.#readData(opcode, isFinal, payload);
    if (problem !== undefined) this.#break(problem);
  }

  /** Answers what is wrong with it, if anything. */
  #readData(opcode: number, isFinal: boolean, payload: Buffer): string | undefined {
    if (opcode > BINARY) return `unknown opcode ${opcode}`;
    if (opcode === CONTINUATION && this.#fragments === undefined) return "a continuation of nothing";
    if (opcode !== CONTINUATION && this.#fragments !== undefined) return "a message inside another one";
    if (isFinal && this.#fragments === undefined) {
      this.#sink.onText(payload);
      return undefined;
    }
    this.#fragments ??= [];
    this.#fragments.push(Buffer.from(payload));
    if (!isFinal) return undefined;
    const whole = Buffer.concat(this.#fragments);
    this.#fragments = undefined;
    this.#sink.onText(whole);
    return undefined;
  }

  /** Answers what is wrong with it, if anything. */
  #readControl(opcode: number, isFinal: boolean, payload: Buffer): string | undefined {
    if (opcode > PONG) return `unknown opcode ${opcode}`;
    if (!isFinal || payload.length > MAX_CONTROL_BYTES) return "a control frame that is fragmented or too long";
    if (opcode === PING) this.#sink.onPing(payload);
    if (opcode !== CLOSE) return undefined;
    if (payload.length === 1) return "half a close code";
    this.#hasEnded = true;
    this.#sink.onClose(payload.length === 0 ? NO_CODE : payload.readUInt16BE(0), payload.toString("utf8", 2));
    return undefined;
  }

  #break(problem: string): void {
    this.#hasEnded = true;
    this.#sink.onBroken(problem);
  }
}

function headerSize(second: number): number {
  const length = second & 0x7f;
  if (length < 126) return 2;
  return length === 126 ? 4 : MAX_HEADER_BYTES;
}

/** Of the frame that begins at `start`, header included; 0 where too little of it is there to know. */
function frameSize(bytes: Buffer, start: number, end: number): number {
  if (end - start < 2) return 0;
  const second = bytes[start + 1] ?? 0;
  const header = headerSize(second);
  if (end - start < header) return 0;
  const length = second & 0x7f;
  if (length < 126) return header + length;
  if (length === 126) return header + bytes.readUInt16BE(start + 2);
  return header + bytes.readUInt32BE(start + 2) * 2 ** 32 + bytes.readUInt32BE(start + 6);
}
