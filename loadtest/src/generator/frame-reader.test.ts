import { expect, test } from "vitest";
import { FrameReader } from "./frame-reader.ts";

/** A server's frame; `form` forces a longer length field than needed. */
function frame(payload: string | Buffer, opcode = 1, isFinal = true): Buffer {
  const bytes = Buffer.from(payload);
  const first = (isFinal ? 0x80 : 0) | opcode;
  if (bytes.length < 126) return Buffer.concat([Buffer.from([first, bytes.length]), bytes]);
  if (bytes.length < 65_536) return Buffer.concat([Buffer.from([first, 126, bytes.length >> 8, bytes.length & 255]), bytes]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from([first, 127]), length, bytes]);
}

/** Reads chunks out of one buffer that is overwritten each time, as a socket's is. */
function read(chunks: Iterable<Buffer>): string[] {
  const seen: string[] = [];
  const reader = new FrameReader({
    onText: (payload) => seen.push(payload.toString("utf8")),
    onPing: (payload) => seen.push(`ping ${payload}`),
    onClose: (code, reason) => seen.push(`close ${code} ${reason}`),
    onBroken: (problem) => seen.push(`broken: ${problem}`),
  });
  const shared = Buffer.alloc(256 * 1024);
  for (const chunk of chunks) {
    shared.fill(0xee, 0, chunk.length + 16);
    chunk.copy(shared);
    reader.push(shared, chunk.length);
  }
  return seen;
}

function* cut(bytes: Buffer, sizes: () => number): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const size = sizes();
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

/** mulberry32: the same cuts each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PAYLOADS = ["", "a", "é".repeat(60), "b".repeat(125), "c".repeat(126), "d".repeat(6), "e".repeat(8), "f".repeat(65_535)];
const STREAM = Buffer.concat([
  ...PAYLOADS.map((payload) => frame(payload)),
  frame("one ", 1, false),
  frame("hi", 9),
  frame("two ", 0, false),
  frame("three", 0),
  frame("unasked", 10),
  frame("g".repeat(70_000), 2),
  frame(Buffer.concat([Buffer.from([1012 >> 8, 1012 & 255]), Buffer.from("gone")]), 8),
  frame("after the close"),
]);
const SEEN = [...PAYLOADS, "ping hi", "one two three", "g".repeat(70_000), "close 1012 gone"];

test("a stream in one chunk, and cut at every byte, gives the same frames", () => {
  expect(read([STREAM])).toEqual(SEEN);
  expect(read(cut(STREAM, () => 1))).toEqual(SEEN);
});

test("wherever a stream is cut, the same frames come", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = seeded(seed);
    const longest = [3, 20, 300, 5_000, 100_000][seed % 5] ?? 3;
    expect(read(cut(STREAM, () => 1 + Math.floor(random() * longest)))).toEqual(SEEN);
  }
});

test("every cut in two of a few small frames gives the same frames", () => {
  const stream = Buffer.concat([frame("x".repeat(6)), frame(""), frame("y".repeat(130)), frame("z")]);
  for (let at = 0; at <= stream.length; at += 1) {
    expect(read([stream.subarray(0, at), stream.subarray(at)])).toEqual(["x".repeat(6), "", "y".repeat(130), "z"]);
  }
});

test.each([
  ["reserved bits are set", Buffer.from([0xc1, 0])],
  ["a server's frame is masked", Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5])],
  ["a continuation of nothing", frame("x", 0)],
  ["a message inside another one", Buffer.concat([frame("x", 1, false), frame("y")])],
  ["a control frame that is fragmented or too long", frame("x".repeat(126), 9)],
  ["a control frame that is fragmented or too long", frame("x", 9, false)],
  ["half a close code", frame("x", 8)],
  ["unknown opcode 3", frame("x", 3)],
  ["unknown opcode 11", frame("x", 11)],
  [`a frame of ${2 ** 40 + 10} bytes`, Buffer.from([0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0])],
])("a stream that breaks the protocol ends with it: %s", (problem, stream) => {
  const followed = Buffer.concat([stream, frame("more")]);
  expect(read([followed])).toEqual([`broken: ${problem}`]);
  expect(read(cut(followed, () => 1))).toEqual([`broken: ${problem}`]);
});

test("a close without a code is 1005", () => {
  expect(read([frame("", 8)])).toEqual(["close 1005 "]);
});
