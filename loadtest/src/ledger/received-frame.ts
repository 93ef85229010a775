/** Frames of a server as a socket got them: told apart by their first bytes, read once, compared byte for byte after that. */
import { parseLoadText } from "../generator/load-text.ts";
import type { LoadEvent } from "./event-list.ts";

/** What of a frame was ours. `oldestSentUs`: the intended time of its oldest message; 0 where there is none. */
export interface Delivery {
  readonly events: number;
  readonly oldestSentUs: number;
}

export const NOTHING: Delivery = { events: 0, oldestSentUs: 0 };

export interface ReceivedFrame {
  /** Empty once it is forgotten: then nothing equals it. */
  bytes: Buffer;
  readonly upto: number;
  /** Messages of the run, as they stand in the frame. */
  readonly events: readonly LoadEvent[];
  /** The events rise, each is there once. */
  readonly isOrdered: boolean;
  /** Events that the frame says it leaves out. */
  readonly sampled: number;
  readonly delivery: Delivery;
  /** Sockets that took it in its place, not counted at its events yet. */
  takers: number;
  /** What followed it at the last socket that took it. */
  next: ReceivedFrame | undefined;
}

export const BATCH = Buffer.from('{"type":"batch","after":');
export const EVENT = Buffer.from('{"type":"new_message","message":{"id":');
export const WELCOME = Buffer.from('{"type":"welcome",');
export const RESET = Buffer.from('{"type":"reset",');
const EVENTS = Buffer.from('"events":[');
const RECOVERED = Buffer.from('"recovered":true');

export function startsWith(frame: Buffer, head: Buffer): boolean {
  if (frame.length < head.length) return false;
  for (let i = 0; i < head.length; i += 1) if (frame[i] !== head[i]) return false;
  return true;
}

/** The number whose digits begin there. */
export function numberAt(frame: Buffer, start: number): number {
  let value = 0;
  for (let i = start; ; i += 1) {
    const digit = (frame[i] ?? 0) - 48;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}

/**
 * A `welcome` or `reset`: its events, which are the same for all sockets that begin at one place, without the head, which
 * is not. `upto` is the last thing in it.
 */
export function pageOf(frame: Buffer): { page: Buffer; upto: number; isRecovered: boolean } {
  const start = frame.indexOf(EVENTS);
  if (start === -1) throw new SyntaxError("a welcome or reset without events");
  const recovered = frame.indexOf(RECOVERED);
  const upto = numberAt(frame, frame.lastIndexOf(":") + 1);
  return { page: frame.subarray(start), upto, isRecovered: recovered !== -1 && recovered < start };
}

/** Reads a batch, one event of version 1, or a page. Throws where it is none. */
export function readFrame(bytes: Buffer, run: number): ReceivedFrame {
  const text = bytes.toString("utf8");
  const value: unknown = JSON.parse(text.startsWith("{") ? text : `{${text}`);
  if (typeof value !== "object" || value === null) throw new SyntaxError("a frame is an object");
  const bodies: readonly unknown[] = "events" in value && Array.isArray(value.events) ? value.events : [value];
  const events: LoadEvent[] = [];
  let oldestSentUs = 0;
  let lastId = 0;
  for (const body of bodies) {
    const { id, message } = readEvent(body);
    lastId = Math.max(lastId, id);
    const load = message === undefined ? undefined : parseLoadText(message);
    if (load === undefined || load.run !== run) continue;
    events.push({ id, sender: load.sender, n: load.n });
    if (oldestSentUs === 0 || load.sentUs < oldestSentUs) oldestSentUs = load.sentUs;
  }
  return {
    bytes: Buffer.from(bytes),
    upto: "upto" in value && typeof value.upto === "number" ? value.upto : lastId,
    events,
    isOrdered: events.every(({ id }, i) => i === 0 || id > (events[i - 1]?.id ?? 0)),
    sampled: "skipped" in value && typeof value.skipped === "number" ? value.skipped : 0,
    delivery: { events: events.length, oldestSentUs },
    takers: 0,
    next: undefined,
  };
}

/** `message` is absent where the event is not a new message. */
function readEvent(body: unknown): { id: number; message: string | undefined } {
  if (typeof body !== "object" || body === null || !("type" in body)) throw new SyntaxError("an event without a type");
  if (body.type !== "new_message") return { id: "id" in body && typeof body.id === "number" ? body.id : 0, message: undefined };
  if (!("message" in body) || typeof body.message !== "object" || body.message === null) throw new SyntaxError("a message without a body");
  const { message } = body;
  if (!("id" in message) || typeof message.id !== "number") throw new SyntaxError("a message without an id");
  if (!("message" in message) || typeof message.message !== "string") throw new SyntaxError("a message without a text");
  return { id: message.id, message: message.message };
}
