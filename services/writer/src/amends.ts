/**
 * The writer's own calls: they make good what a room was shown and Postgres does not hold. Made after the commit and
 * before the entries are settled, so that a crash repeats them; each is harmless when repeated.
 */
import type { DeadLetter, Origin, StoredBatch } from "@drawchat/db/batch-rows";
import { isRoomName, type RoomName } from "@drawchat/protocol/ids";
import type { Acceptor, EventSubmission, Outcome } from "@drawchat/redis/accept";
import type { Log } from "@drawchat/runtime/log";
import { uuidOf } from "@drawchat/runtime/name-uuid";
import type { Rebuilds } from "./rebuilds.ts";

export interface AmendsOptions {
  acceptor: Acceptor;
  rebuilds: Rebuilds;
  log: Log;
  /** Writes the dead letter of a message that can be stored neither under its id nor under a new one. */
  bury: (letter: DeadLetter) => Promise<void>;
}

/**
 * Throws where a call could not be made: the batch is to be read again. Resolves with the rooms to rebuild once the
 * batch is settled (before it, the log still holds what must not come back).
 */
export async function makeAmends(stored: StoredBatch, options: AmendsOptions): Promise<RoomName[]> {
  const shown = [...stored.ghosts, ...stored.deadLetters.map(({ origin }) => origin)];
  const withdrawals = shown.filter(({ kind }) => kind === "m").map((origin) => withdraw(origin, options));
  const repetitions = stored.collisions.map((origin) => acceptAgain(origin, options));
  await Promise.all([...withdrawals, ...repetitions]);
  return stored.collisions.flatMap(({ room }) => (isRoomName(room) ? [room] : []));
}

/** Takes a message off every screen by a delete event. The row of that id, if any, is this message's own or none. */
async function withdraw(origin: Origin, { acceptor }: AmendsOptions): Promise<void> {
  if (!isRoomName(origin.room)) return;
  const outcome = await acceptor.submit({
    room: origin.room,
    kind: "d",
    userId: safeUserId(origin),
    clientId: uuidOf(`withdraw ${origin.room} ${origin.id}`),
    parts: ['{"type":"delete","id":', `,"message_id":${origin.id}}`, ""],
    v2Only: true,
    force: true,
  });
  // A room that Redis does not hold shows nothing, and comes back from Postgres without this message.
  if (!isDone(outcome) && !isRoomAway(outcome)) throw new Error(`withdrawal refused: ${outcome.code}`);
}

/**
 * A collision: two histories of Redis gave one id to two messages. The other one has the row; this one is accepted
 * again, and the room is rebuilt from what is stored.
 */
async function acceptAgain(origin: Origin, options: AmendsOptions): Promise<void> {
  const { room, id, userId, clientId } = origin;
  if (!isRoomName(room)) return;
  options.log.error({ component: "live_chat", room, id }, "two messages have one id, accepting the later again");
  const submission: EventSubmission = { room, kind: "m", userId, clientId, parts: partsOf(origin), force: true };
  let outcome = await options.acceptor.submit(submission);
  if (isRoomAway(outcome)) {
    await options.rebuilds.now(room);
    outcome = await options.acceptor.submit(submission);
  }
  if (isRoomAway(outcome)) await options.bury({ origin, code: "collision", error: "its id belongs to another message" });
  else if (!isDone(outcome)) throw new Error(`message refused: ${outcome.code}`);
}

const HEAD = '{"type":"new_message","message":{"id":';
// Inside of a text every quotation mark is escaped: this stands in a message's JSON once.
const CREATED_AT = '"created_at":"';

/** The message's JSON around the places of its id and its time, which get new ones. */
function partsOf({ id, body }: Origin): readonly [string, string, string] {
  const text = body.toString("utf8");
  const idEnd = HEAD.length + String(id).length;
  const timeStart = text.indexOf(CREATED_AT) + CREATED_AT.length;
  if (!text.startsWith(`${HEAD}${id},`) || timeStart < idEnd) throw new Error("the body is not a message of this id");
  return [HEAD, text.slice(idEnd, timeStart), text.slice(text.indexOf('"', timeStart))];
}

function isDone(outcome: Outcome): outcome is Exclude<Outcome, { kind: "refused" }> {
  return outcome.kind !== "refused";
}

function isRoomAway(outcome: Outcome): boolean {
  return outcome.kind === "refused" && (outcome.code === "session_not_found" || outcome.code === "not_found");
}

export function safeUserId({ userId }: Origin): number {
  return Number.isSafeInteger(userId) ? userId : 0;
}
