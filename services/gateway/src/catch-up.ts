/**
 * Bringing one v2 socket to where its room is: a welcome or a resume in pages, the next when the last one has left,
 * and in the same breath as the last page the live topic, so that nothing lies between.
 */
import type { Position, WelcomeFrame } from "@drawchat/protocol/frames";
import type { Connection } from "./connection.ts";
import type { LiveRoom } from "./live-room.ts";
import { batchFrame, MAX_BATCH_BYTES } from "./outbox.ts";
import type { Page } from "./ring.ts";

/** True where everything behind `since` can be given: the same epoch and a place of the same lineage. */
export async function canRecover(room: LiveRoom, since: Position | undefined): Promise<boolean> {
  if (since === undefined || since.epoch !== room.epoch) return false;
  // Another gateway may be ahead of us: ask history before giving up. Twice, because a repair that runs already may have
  // read before this client's last event was there.
  for (let n = 0; n < 2 && since.id > room.upto; n += 1) await room.repair("a client is ahead of us");
  return since.epoch === room.epoch && room.ring.reaches(since.id);
}

/** Everything of a welcome but the events; those are spliced in as they are. */
export type WelcomeHead = Omit<WelcomeFrame, "events" | "upto">;

/** Answers `hello`: the welcome with its first page, what is counted beside it, then further pages. */
export function sendWelcome(connection: Connection, room: LiveRoom, head: WelcomeHead, start: number): void {
  settleAt(connection, room, start);
  const page = room.ring.page(start, room.flushedUpto, MAX_BATCH_BYTES);
  const upto = page?.upto ?? start;
  connection.send(`${JSON.stringify(head).slice(0, -1)},"events":[${bodiesOf(page)}],"upto":${upto}}`);
  // Also for lines from before `start`: their likes went on while the client was away.
  connection.send(room.counts.snapshotFrame(room.ring.messageIdsAfter(Math.min(start, room.ring.startOfLast(head.limits.history)))));
  connection.position = upto;
  connection.isJoined = true;
  sendPages(connection, room);
}

/** Answers `resume` on an open socket: it leaves the topic, is paged from `since`, and comes back. */
export function sendResume(connection: Connection, room: LiveRoom, since: number): void {
  connection.unsubscribe(room.sockets.topicV2);
  connection.isLive = false;
  settleAt(connection, room, since);
  sendPages(connection, room);
}

/** `reset` for one socket: what it has is out of reach. */
export function sendReset(connection: Connection, room: LiveRoom): void {
  connection.unsubscribe(room.sockets.topicV2);
  connection.isLive = false;
  for (const frame of room.resetFrames()) connection.send(frame);
  settleAt(connection, room, room.flushedUpto);
  sendPages(connection, room);
}

/** Goes on where the last page ended; also called when a socket's buffer has drained. */
export function sendPages(connection: Connection, room: LiveRoom): void {
  if (!connection.isAlive || connection.isLive || !connection.isJoined) return;
  if (connection.epoch !== room.epoch || !room.ring.reaches(connection.position)) {
    sendReset(connection, room);
    return;
  }
  for (;;) {
    const page = room.ring.page(connection.position, room.flushedUpto, MAX_BATCH_BYTES);
    if (page === undefined) break;
    connection.send(batchFrame(page.after, page.upto, page.bodies));
    connection.position = page.upto;
    if (connection.bufferedAmount() > MAX_BATCH_BYTES) return; // the drain callback comes back
  }
  connection.subscribe(room.sockets.topicV2);
  connection.isLive = true;
  connection.send(`{"type":"tip","upto":${room.flushedUpto}}`);
  const stored = room.counts.storedFrame();
  if (stored !== undefined) connection.send(stored);
}

/** A place ahead of what was flushed is in the outbox: flushing makes it the place of all. */
function settleAt(connection: Connection, room: LiveRoom, position: number): void {
  if (position > room.flushedUpto) room.flush();
  connection.position = position;
  connection.epoch = room.epoch;
}

function bodiesOf(page: Page | undefined): string {
  return (page?.bodies ?? []).map((body) => body.toString("utf8")).join(",");
}
