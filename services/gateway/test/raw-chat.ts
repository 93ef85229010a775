/** Raw TCP against a gateway: what it answers to bytes that no client library would send. */
import { clientFrame, handshake, RawSocket } from "@drawchat/testkit/raw-socket";

export interface RawFrame {
  opcode: number;
  payload: Buffer;
}

const HEAD_END = "\r\n\r\n";
const CLOSE_OPCODE = 8;

/** The frames behind the response's head, as far as they are there. */
export function framesOf(received: string): RawFrame[] {
  const headEnd = received.indexOf(HEAD_END);
  const bytes = Buffer.from(headEnd === -1 ? "" : received.slice(headEnd + HEAD_END.length), "latin1");
  const frames: RawFrame[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const length = bytes.readUInt8(at + 1);
    const start = at + (length === 126 ? 4 : length === 127 ? 10 : 2);
    if (start > bytes.length) break;
    const size = length === 126 ? bytes.readUInt16BE(at + 2) : length === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : length;
    if (start + size > bytes.length) break;
    frames.push({ opcode: bytes.readUInt8(at) & 0x0f, payload: bytes.subarray(start, start + size) });
    at = start + size;
  }
  return frames;
}

/** The code and reason of the close frame that came, `empty` for one without a code; undefined where none came. */
export function closeOf(received: string): string | undefined {
  const close = framesOf(received).find((frame) => frame.opcode === CLOSE_OPCODE);
  if (close === undefined) return undefined;
  return close.payload.length < 2 ? "empty" : `${close.payload.readUInt16BE(0)} ${close.payload.toString("utf8", 2)}`;
}

/** A socket past its handshake. */
export async function openRaw(url: string, headers: Readonly<Record<string, string | undefined>> = {}): Promise<RawSocket> {
  const { port, pathname, search } = new URL(url);
  const raw = new RawSocket(Number(port));
  raw.send(handshake({ path: pathname + search, headers }));
  const status = await raw.status();
  if (status !== 101) throw new Error(`the handshake was answered ${status}`);
  return raw;
}

/** How it ended: the close frame's code and reason, or `cut` where TCP ended without one. */
export async function endOf(raw: RawSocket): Promise<string> {
  return closeOf(await raw.untilClosed()) ?? "cut";
}

/**
 * What becomes of a handshake: `101 open` where a ping is answered, `101 4501 reason` where a close follows,
 * `404 session_not_found` where it is refused with a problem, the bare status where the library refuses it.
 */
export async function outcomeOf(port: number, bytes: string | Uint8Array): Promise<string> {
  const raw = new RawSocket(port);
  raw.send(bytes);
  const status = await raw.status();
  if (status !== 101) return `${status} ${codeOf(await raw.untilClosed())}`.trim();
  raw.send(clientFrame('{"type":"ping"}'));
  const isAnswer = ({ opcode, payload }: RawFrame) => opcode === CLOSE_OPCODE || payload.includes('"pong"');
  const received = await raw.until((text) => framesOf(text).some(isAnswer));
  raw.destroy();
  return `101 ${closeOf(received) ?? "open"}`;
}

function codeOf(received: string): string {
  const body = received.slice(received.indexOf(HEAD_END) + HEAD_END.length);
  return /^\{.*"code":"(\w+)"\}$/.exec(body)?.[1] ?? "";
}
