/**
 * Brings rooms back into Redis from the record. The order matters: the log is read before Postgres, so that what a
 * writer moves from one to the other meanwhile is seen in at least one of them; and the policy is looked at once more
 * after the write, so that a change committed meanwhile is not undone.
 */
import type { Db } from "@drawchat/db/connect";
import { listLikers } from "@drawchat/db/likes";
import { findMembership } from "@drawchat/db/membership";
import { findSession, policyOf } from "@drawchat/db/sessions";
import { type RoomName, roomKind, roomNumber } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import type { LikeTarget } from "@drawchat/redis/keys";
import { addLikers } from "@drawchat/redis/liked";
import { applyMembership } from "@drawchat/redis/members";
import { applyPolicy } from "@drawchat/redis/policy";
import { type RoomSnapshot, restoreRoom } from "@drawchat/redis/restore";
import { readRoomLog } from "@drawchat/redis/room-log";
import { Backoff } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import { readConversationSnapshot } from "./conversation-snapshot.ts";
import { KEPT_MS, RESTORED_EVENTS, readSessionSnapshot } from "./session-snapshot.ts";

export type RestoreOutcome = "restored" | "unknown" | "unavailable";

export interface RoomRestorerOptions {
  db: Db;
  redis: RedisClient;
  log: Log;
  /** Told of every outcome. */
  onOutcome?: (outcome: RestoreOutcome) => void;
}

const ATTEMPTS = 8;

export class RoomRestorer {
  readonly #options: RoomRestorerOptions;
  readonly #running = new Map<string, Promise<RestoreOutcome>>();

  constructor(options: RoomRestorerOptions) {
    this.#options = options;
  }

  /**
   * Single flight a room. `force` makes the history of a room anew that Redis knows, and resets its clients.
   * `unknown`: there is no such room, or it is a session's that ended over a day ago. Never rejects.
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
    const backoff = new Backoff({ baseMs: 20, capMs: 500 });
    // First, and once: between the read of the log and the write there must be as little as possible.
    await this.#restoreLikers(room);
    while (backoff.attempts < ATTEMPTS) {
      const snapshot = await this.#read(room);
      if (snapshot === undefined) return "unknown";
      if ((await restoreRoom(this.#options.redis, snapshot, { force })) !== "moved") {
        await this.#applyLaterPolicy(room, snapshot.policy.version);
        return "restored";
      }
      await backoff.wait(); // a writer is at work on this log
    }
    return "unavailable";
  }

  async #read(room: RoomName): Promise<RoomSnapshot | undefined> {
    const roomLog = await readRoomLog(this.#options.redis, room);
    return roomKind(room) === "session"
      ? readSessionSnapshot(this.#options, room, roomLog)
      : readConversationSnapshot(this.#options.db, room, roomLog);
  }

  /** A change committed since the policy was read, and told to a Redis that did not know the room yet. */
  async #applyLaterPolicy(room: RoomName, version: number): Promise<void> {
    const { db, redis } = this.#options;
    if (roomKind(room) === "session") {
      const session = await findSession(db, roomNumber(room));
      if (session && session.policyVersion !== version) await applyPolicy(redis, room, policyOf(session));
      return;
    }
    // Members may have been there already, brought by the sibling room: then of whichever version.
    const membership = await findMembership(db, roomNumber(room));
    if (membership) await applyMembership(redis, roomNumber(room), membership);
  }

  async #restoreLikers(room: RoomName): Promise<void> {
    const { db, redis } = this.#options;
    const session = room.startsWith("s") ? await findSession(db, roomNumber(room)) : undefined;
    if (session === undefined) return;
    const likers = new Map<LikeTarget, number[]>();
    for (const { messageId, userId } of await listLikers(db, { sessionId: session.id, newestMessages: RESTORED_EVENTS })) {
      const target: LikeTarget = messageId === null ? "s" : `${messageId}`;
      const users = likers.get(target);
      if (users) users.push(userId);
      else likers.set(target, [userId]);
    }
    await addLikers(redis, room, { likers, keptUntilMs: session.closesAtMs + KEPT_MS });
  }
}
