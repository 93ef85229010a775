/**
 * Bringing one v2 seat to where its room is: a welcome or a resume in pages, the next when the last one has left,
 * and in the same breath as the last page the live topic, so that nothing lies between.
 */
import type { Position } from "@drawchat/protocol/frames";
import type { LiveRoom } from "./live-room.ts";
import { MAX_BATCH_BYTES } from "./outbox.ts";
import { batchFrame, tipFrame, withPage } from "./room-frames.ts";
import type { Seat } from "./seat.ts";

/** True where everything behind `since` can be given: the same epoch and a place of the same lineage. */
export async function canRecover(room: LiveRoom, since: Position | undefined): Promise<boolean> {
  if (since === undefined || since.epoch !== room.epoch) return false;
  // Another gateway may be ahead of us: ask history before giving up. Twice, because a repair that runs already may have
  // read before this client's last event was there.
  for (let n = 0; n < 2 && since.id > room.upto; n += 1) await room.repair("a client is ahead of us");
  return since.epoch === room.epoch && room.ring.reaches(since.id);
}

/** Answers `hello`: `head` with the first page at its end. Further pages follow by `sendPages`. */
export function sendFirstPage(seat: Seat, head: object, start: number): void {
  settleAt(seat, start);
  const { room, connection } = seat;
  const page = room.ring.page(start, room.flushedUpto, MAX_BATCH_BYTES) ?? { bodies: [], upto: start, skipped: 0 };
  seat.position = page.upto;
  connection.send(withPage(head, page));
  seat.isJoined = true;
}

/** Answers `resume` on an open socket: it leaves the topic, is paged from `since`, and comes back. */
export function sendResume(seat: Seat, since: number): void {
  seat.pause();
  settleAt(seat, since);
  sendPages(seat);
}

/** `reset` for one socket: what it has is out of reach. */
export function sendReset(seat: Seat): void {
  seat.pause();
  for (const frame of seat.room.resetFrames()) seat.connection.send(frame);
  settleAt(seat, seat.room.flushedUpto);
  sendPages(seat);
}

/** Goes on where the last page ended; also called when a socket's buffer has drained. */
export function sendPages(seat: Seat): void {
  const { room, connection } = seat;
  if (!connection.isAlive || seat.isLive || !seat.isJoined) return;
  if (seat.epoch !== room.epoch || !room.ring.reaches(seat.position)) {
    sendReset(seat);
    return;
  }
  for (;;) {
    const page = room.ring.page(seat.position, room.flushedUpto, MAX_BATCH_BYTES);
    if (page === undefined) break;
    connection.send(batchFrame(room.name, page));
    seat.position = page.upto;
    if (connection.bufferedAmount() > MAX_BATCH_BYTES) return; // the drain callback comes back
  }
  seat.listen();
  connection.send(tipFrame(room.name, room.flushedUpto));
  const stored = room.stored.frame();
  if (stored !== undefined) connection.send(stored);
}

/** A place ahead of what was flushed is in the outbox: flushing makes it the place of all. */
function settleAt(seat: Seat, position: number): void {
  const { room } = seat;
  if (position > room.flushedUpto) room.flush();
  seat.position = position;
  seat.epoch = room.epoch;
}
