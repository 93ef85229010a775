/**
 * Brings rooms back into Redis from the record. The order matters: the log is read before Postgres, so that what a
 * writer moves from one to the other meanwhile is seen in at least one of them; and the policy is looked at once more
 * after the write, so that a change committed meanwhile is not undone.
 */
import type { Db } from "@drawchat/db/connect";
import { listLikers } from "@drawchat/db/likes";
import { listLastEvents, listLikeCounts, type StoredEvent } from "@drawchat/db/messages";
import { findSession, policyOf, type StoredSession } from "@drawchat/db/sessions";
import { type RoomName, roomNumber } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import type { LikeTarget } from "@drawchat/redis/keys";
import { addLikers } from "@drawchat/redis/liked";
import { applyPolicy } from "@drawchat/redis/policy";
import type { RawEvent } from "@drawchat/redis/publication";
import { type RoomSnapshot, restoreRoom } from "@drawchat/redis/restore";
import { type RoomLog, readRoomLog } from "@drawchat/redis/room-log";
import { redisNowMs } from "@drawchat/redis/time";
import { Backoff } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";

export type RestoreOutcome = "restored" | "unknown" | "unavailable";

export interface RoomRestorerOptions {
  db: Db;
  redis: RedisClient;
  log: Log;
  /** Told of every outcome. */
  onOutcome?: (outcome: RestoreOutcome) => void;
}

/** Events of history that come back. */
const EVENTS = 500;
/** A room leaves Redis this long after its end; it does not come back then. */
const KEPT_MS = 24 * 3_600_000;
const ATTEMPTS = 8;

export class RoomRestorer {
  readonly #options: RoomRestorerOptions;
  readonly #running = new Map<string, Promise<RestoreOutcome>>();

  constructor(options: RoomRestorerOptions) {
    this.#options = options;
  }

  /**
   * Single flight a room. `force` makes the history of a room anew that Redis knows, and resets its clients.
   * `unknown`: there is no such room, or it ended over a day ago. Never rejects.
   */
  restore(room: RoomName, { force = false } = {}): Promise<RestoreOutcome> {
    const key = `${room} ${force}`;
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = this.#restore(room, force).finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }

  async #restore(room: RoomName, force: boolean): Promise<RestoreOutcome> {
    const { log, onOutcome } = this.#options;
    let outcome: RestoreOutcome = "unavailable";
    try {
      outcome = await this.#attempt(room, force);
    } catch (error) {
      log.warn({ component: "live_chat", room, err: error }, "room could not be restored");
    }
    if (outcome === "restored") log.info({ component: "live_chat", room, force }, "room restored");
    onOutcome?.(outcome);
    return outcome;
  }

  async #attempt(room: RoomName, force: boolean): Promise<RestoreOutcome> {
    const { db, redis } = this.#options;
    const backoff = new Backoff({ baseMs: 20, capMs: 500 });
    // First, and once: between the read of the log and the write there must be as little as possible.
    await this.#restoreLikers(room);
    while (backoff.attempts < ATTEMPTS) {
      const read = await this.#read(room);
      if (read === undefined) return "unknown";
      const { session, snapshot } = read;
      if ((await restoreRoom(redis, snapshot, { force })) !== "moved") {
        const after = await findSession(db, session.id);
        if (after && after.policyVersion !== session.policyVersion) await applyPolicy(redis, room, policyOf(after));
        return "restored";
      }
      await backoff.wait(); // a writer is at work on this log
    }
    return "unavailable";
  }

  async #read(room: RoomName): Promise<{ session: StoredSession; snapshot: RoomSnapshot } | undefined> {
    const { db, redis } = this.#options;
    if (!room.startsWith("s")) return undefined;
    const roomLog = await readRoomLog(redis, room);
    const session = await findSession(db, roomNumber(room));
    if (session === undefined || session.closesAtMs + KEPT_MS <= (await redisNowMs(redis))) return undefined;
    // One more than wanted: the event before the first is where the restored history begins.
    const stored = await listLastEvents(db, session.id, EVENTS + 1);
    const likedInLog = [...roomLog.likes.keys()].filter((target) => target !== "s").map(Number);
    const counts = await listLikeCounts(db, likedInLog);
    return { session, snapshot: snapshotOf({ room, session, roomLog, stored, counts }) };
  }

  async #restoreLikers(room: RoomName): Promise<void> {
    const { db, redis } = this.#options;
    const session = room.startsWith("s") ? await findSession(db, roomNumber(room)) : undefined;
    if (session === undefined) return;
    const likers = new Map<LikeTarget, number[]>();
    for (const { messageId, userId } of await listLikers(db, { sessionId: session.id, newestMessages: EVENTS })) {
      const target: LikeTarget = messageId === null ? "s" : `${messageId}`;
      const users = likers.get(target);
      if (users) users.push(userId);
      else likers.set(target, [userId]);
    }
    await addLikers(redis, room, { likers, keptUntilMs: session.closesAtMs + KEPT_MS });
  }
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
  const kept = ids.slice(-EVENTS);
  return {
    room,
    policy: policyOf(session),
    upto: Math.max(session.lastEventId, ids.at(-1) ?? 0),
    events: kept.flatMap((id) => byId.get(id) ?? []),
    after: ids.at(-EVENTS - 1) ?? 0,
    likes,
    logFirstEntry: roomLog.firstEntry,
  };
}
