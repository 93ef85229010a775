/** A client's WebSocket frames: final, masked as RFC 6455 demands of clients. */

const FINAL = 0x80;
const MASKED = 0x80;

export const OPCODE = { text: 1, close: 8, pong: 10 } as const;

/** `payload` of at most 64 KB. Its mask is random enough for a load tool: masks protect proxies from scripts in browsers. */
export function clientFrame(opcode: number, payload: string | Uint8Array): Buffer {
  const length = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  if (length > 0xffff) throw new RangeError(`a frame of ${length} bytes: clients send at most 65,535`);
  const header = length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(header + 4 + length);
  frame[0] = FINAL | opcode;
  if (length < 126) frame[1] = MASKED | length;
  else {
    frame[1] = MASKED | 126;
    frame.writeUInt16BE(length, 2);
  }
  frame.writeUInt32BE(Math.floor(Math.random() * 2 ** 32), header);
  const start = header + 4;
  if (typeof payload === "string") frame.write(payload, start, "utf8");
  else frame.set(payload, start);
  for (let i = 0; i < length; i += 1) frame[start + i] = (frame[start + i] ?? 0) ^ (frame[header + (i & 3)] ?? 0);
  return frame;
}

/** Ends a connection from this side. */
export function closeFrame(code: number): Buffer {
  const payload = Buffer.allocUnsafe(2);
  payload.writeUInt16BE(code);
  return clientFrame(OPCODE.close, payload);
}
