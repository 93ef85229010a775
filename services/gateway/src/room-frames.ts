/**
 * Frames about a room as they go out, and how they begin: a socket of a live chat is in one session, so its frames name no
 * room; those of conversations name theirs. What a frame goes on with is the same for both.
 */
import { ERRORS, type ErrorCode } from "@drawchat/protocol/errors";
import { type RoomName, roomKind } from "@drawchat/protocol/ids";
import type { Outcome, Refused } from "@drawchat/redis/accept";
import type { Page } from "./ring.ts";

/** A page that begins where its client is, or anew: nothing says behind what. */
export type FirstPage = Omit<Page, "after">;

const COMMA = Buffer.from(",");
const BATCH_END = Buffer.from("]}");

/** Everything up to the first field of its own. */
export function headOf(type: string, room: RoomName): string {
  return roomKind(room) === "session" ? `{"type":"${type}",` : `{"type":"${type}","room":"${room}",`;
}

/** One batch frame around bodies that are already JSON. */
export function batchFrame(room: RoomName, { after, upto, bodies, skipped }: Page): Buffer {
  const parts: Buffer[] = [Buffer.from(`${headOf("batch", room)}"after":${after},"upto":${upto},${skippedField(skipped)}"events":[`)];
  bodies.forEach((body, i) => {
    if (i > 0) parts.push(COMMA);
    parts.push(body);
  });
  parts.push(BATCH_END);
  return Buffer.concat(parts);
}

export function resetFrame(room: RoomName, epoch: string, page: FirstPage): string {
  return `${headOf("reset", room)}"epoch":${JSON.stringify(epoch)},${pageFields(page)}}`;
}

/** Another frame with a room's first page at its end. */
export function withPage(frame: object, page: FirstPage): string {
  return `${JSON.stringify(frame).slice(0, -1)},${pageFields(page)}}`;
}

export function tipFrame(room: RoomName, upto: number): string {
  return `${headOf("tip", room)}"upto":${upto}}`;
}

export function storedFrame(room: RoomName, upto: number): string {
  return `${headOf("stored", room)}"upto":${upto}}`;
}

export function ackFrame(room: RoomName, clientId: string, { kind, id, isSkipped }: Exclude<Outcome, Refused>): string {
  const marks = `${kind === "duplicate" ? ',"duplicate":true' : ""}${isSkipped ? ',"skipped":true' : ""}`;
  return `${headOf("ack", room)}"client_id":"${clientId}","id":${id}${marks}}`;
}

export function rejectedFrame(room: RoomName, clientId: string, code: string): string {
  return `${headOf("rejected", room)}${JSON.stringify({ client_id: clientId, code }).slice(1)}`;
}

/** What an error is about, where that is not plain. */
export interface ErrorExtra {
  room?: RoomName;
  clientId?: string;
  messageId?: number;
  retryAfterMs?: number;
  /** Of `newer_messages`. */
  lastId?: number;
}

export function errorFrame(code: ErrorCode, { room, clientId, messageId, retryAfterMs, lastId }: ErrorExtra): string {
  const fields = {
    code,
    message: ERRORS[code].message,
    ...(clientId === undefined ? {} : { client_id: clientId }),
    ...(messageId === undefined ? {} : { message_id: messageId }),
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    ...(lastId === undefined ? {} : { last_id: lastId }),
  };
  return `${room === undefined ? '{"type":"error",' : headOf("error", room)}${JSON.stringify(fields).slice(1)}`;
}

function pageFields({ bodies, upto, skipped }: FirstPage): string {
  return `"events":[${joined(bodies)}],${skippedField(skipped)}"upto":${upto}`;
}

/** Only there where events are left out. */
function skippedField(skipped: number): string {
  return skipped > 0 ? `"skipped":${skipped},` : "";
}

function joined(bodies: readonly Buffer[]): string {
  return bodies.map((body) => body.toString("utf8")).join(",");
}
