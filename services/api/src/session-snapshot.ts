/** A session's room as the record has it: its row, its newest messages and likes, and what the log still holds. */
import type { Db } from "@drawchat/db/connect";
import { listLastEvents, listLikeCounts, type StoredEvent } from "@drawchat/db/messages";
import { findSession, policyOf, type StoredSession } from "@drawchat/db/sessions";
import { type RoomName, roomNumber } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import type { LikeTarget } from "@drawchat/redis/keys";
import type { RawEvent } from "@drawchat/redis/publication";
import type { RoomSnapshot } from "@drawchat/redis/restore";
import type { RoomLog } from "@drawchat/redis/room-log";
import { redisNowMs } from "@drawchat/redis/time";

/** Events of history that come back. */
export const RESTORED_EVENTS = 500;
/** A session's room leaves Redis this long after its end; it does not come back then. */
export const KEPT_MS = 24 * 3_600_000;

/** Undefined where there is no such session, or it ended over a day ago. */
export async function readSessionSnapshot(
  { db, redis }: { db: Db; redis: RedisClient },
  room: RoomName,
  roomLog: RoomLog,
): Promise<RoomSnapshot | undefined> {
  const session = await findSession(db, roomNumber(room));
  if (session === undefined || session.closesAtMs + KEPT_MS <= (await redisNowMs(redis))) return undefined;
  // One more than wanted: the event before the first is where the restored history begins.
  const stored = await listLastEvents(db, session.id, RESTORED_EVENTS + 1);
  const likedInLog = [...roomLog.likes.keys()].filter((target) => target !== "s").map(Number);
  const counts = await listLikeCounts(db, likedInLog);
  return snapshotOf({ room, session, roomLog, stored, counts });
}

interface SnapshotParts {
  room: RoomName;
  session: StoredSession;
  roomLog: RoomLog;
  stored: readonly StoredEvent[];
  /** Likes columns of messages that the log holds likes of. */
  counts: ReadonlyMap<number, number>;
}

function snapshotOf({ room, session, roomLog, stored, counts }: SnapshotParts): RoomSnapshot {
  const byId = new Map<number, RawEvent>();
  const likes = new Map<LikeTarget, { stored: number; pending: number }>();
  const pendingOf = (target: LikeTarget) => roomLog.likes.get(target) ?? 0;
  likes.set("s", { stored: session.totalLikes, pending: pendingOf("s") });
  for (const target of roomLog.likes.keys()) {
    if (target !== "s") likes.set(target, { stored: counts.get(Number(target)) ?? 0, pending: pendingOf(target) });
  }
  for (const { message, clientId, isDeleted } of stored) {
    if (message.likes > 0) likes.set(`${message.id}`, { stored: message.likes, pending: pendingOf(`${message.id}`) });
    if (isDeleted) continue;
    const body = JSON.stringify({ type: "new_message", message });
    byId.set(message.id, { id: message.id, kind: "m", flags: 0, userId: message.user_id, clientId, body });
  }
  for (const event of roomLog.events) byId.set(event.id, byId.get(event.id) ?? event);
  const ids = [...new Set([...stored.map((event) => event.message.id), ...byId.keys()])].sort((a, b) => a - b);
  const kept = ids.slice(-RESTORED_EVENTS);
  return {
    room,
    policy: policyOf(session),
    upto: Math.max(session.lastEventId, ids.at(-1) ?? 0),
    events: kept.flatMap((id) => byId.get(id) ?? []),
    after: ids.at(-RESTORED_EVENTS - 1) ?? 0,
    likes,
    logFirstEntry: roomLog.firstEntry,
  };
}
