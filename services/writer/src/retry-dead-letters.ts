/** Dead letters once more, after what kept them out (a constraint, a missing session) was mended. */
import { storeBatch } from "@drawchat/db/batch";
import type { FollowUps } from "@drawchat/db/batch-follow-ups";
import type { Database } from "@drawchat/db/connect";
import { deleteDeadLetters, type StoredDeadLetter } from "@drawchat/db/dead-letters";
import { isRoomName, parseId, partitionOfRoom } from "@drawchat/protocol/ids";
import type { LogEntry } from "@drawchat/redis/log";
import { sleep } from "@drawchat/runtime/backoff";

import { toBatch } from "./rows.ts";

const LOCKED_WAIT_MS = 100;

/**
 * Stores them one by one and deletes each letter that is a row by then. Only Postgres is written: a message that was
 * withdrawn stays away from open screens, and is there for whoever asks for the history. The webhook hears of it
 * (`followUps`). Resolves with the ids stored.
 */
export async function retryDeadLetters(
  pool: Database["pool"],
  letters: readonly StoredDeadLetter[],
  followUps: FollowUps,
): Promise<number[]> {
  const stored: number[] = [];
  for (const letter of letters) {
    if (await isStored(pool, letter, followUps)) stored.push(letter.origin.id);
  }
  await deleteDeadLetters(pool, stored);
  return stored;
}

async function isStored(pool: Database["pool"], letter: StoredDeadLetter, followUps: FollowUps): Promise<boolean> {
  const entry = entryOf(letter);
  const [room] = entry.rooms;
  if (room === undefined) return false;
  const partition = partitionOfRoom(room);
  for (;;) {
    const outcome = await storeBatch(pool, toBatch(partition, [entry]), followUps);
    if (outcome !== undefined) return outcome.written.has(letter.origin.id) || outcome.repeats > 0;
    await sleep(LOCKED_WAIT_MS); // a writer is at this partition; its batches are short
  }
}

function entryOf({ origin: { id, room, kind, userId, clientId, body } }: StoredDeadLetter): LogEntry {
  const isKnown = isRoomName(room);
  const target = body.toString("latin1");
  const isLike = kind === "l" && (target === "s" || parseId(target) !== undefined);
  return {
    streamId: `${id}-0`,
    firstId: id,
    nonce: "",
    rooms: isKnown ? [room] : [],
    events: isKnown && kind !== "l" && kind !== "r" ? [{ id, room, kind, flags: 0, userId, clientId, body }] : [],
    likes: isKnown && isLike ? [{ id, room, target: target === "s" ? "s" : `${Number(target)}`, userId }] : [],
    reads: isKnown && kind === "r" ? [{ id, room, userId, upto: Number(target) }] : [],
    unreadable: [],
  };
}
