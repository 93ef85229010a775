/** PNGs for tests, chunk by chunk: what no encoder would write. */
import { crc32, deflateSync } from "node:zlib";

const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");

export function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  return Buffer.concat([uint32(data.length), named, uint32(crc32(named))]);
}

export interface PngParts {
  /** Chunks between the header and the pixels. */
  before?: readonly Buffer[];
  /** Chunks between the pixels and the end. */
  after?: readonly Buffer[];
}

/** Black, one bit a pixel. */
export function blackPng(width: number, height: number, { before = [], after = [] }: PngParts = {}): Buffer {
  const header = Buffer.concat([uint32(width), uint32(height), Buffer.from([1, 0, 0, 0, 0])]);
  const pixels = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))), { level: 1 });
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), ...before, chunk("IDAT", pixels), ...after, chunk("IEND")]);
}

/** An animation of so many frames, of which the first is black. */
export function blackApng(width: number, height: number, frames: number): Buffer {
  const control = (sequence: number) =>
    chunk("fcTL", Buffer.concat([...[sequence, width, height, 0, 0].map(uint32), Buffer.from([0, 1, 0, 10, 0, 0])]));
  const pixels = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8)), 0xff));
  const others = Array.from({ length: frames - 1 }, (_, i) => [
    control(2 * i + 1),
    chunk("fdAT", Buffer.concat([uint32(2 * i + 2), pixels])),
  ]).flat();
  return blackPng(width, height, { before: [chunk("acTL", Buffer.concat([uint32(frames), uint32(0)])), control(0)], after: others });
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
