/** One batch, from entries of the log to their removal: commit, make amends, settle, in this order. */
import { storeBatch } from "@drawchat/db/batch";
import type { FollowUps } from "@drawchat/db/batch-follow-ups";
import type { StoredBatch } from "@drawchat/db/batch-rows";
import type { Database } from "@drawchat/db/connect";
import { inboxNotices, listInboxViews } from "@drawchat/db/conversation-views";
import { describeError } from "@drawchat/db/postgres-errors";
import { type RoomName, sessionRoom } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import { publishInbox } from "@drawchat/redis/inbox";
import type { LikeTarget } from "@drawchat/redis/keys";
import type { LogEntry } from "@drawchat/redis/log";
import { type Rejection, type RoomSettlement, type Settled, settle } from "@drawchat/redis/settle";
import type { Log } from "@drawchat/runtime/log";

import { type AmendsOptions, makeAmends, safeUserId } from "./amends.ts";
import type { WriterMetrics } from "./metrics.ts";
import { toBatch } from "./rows.ts";
import type { Slots } from "./slots.ts";

/** How many dead letters of a batch a log line names. */
const REPORTED_EVENTS = 20;

export interface StoreOptions extends AmendsOptions {
  redis: RedisClient;
  pool: Database["pool"];
  db: Database["db"];
  /** Batches that are in Postgres at once: one connection each. */
  slots: Slots;
  /** What stored messages set off. */
  followUps: FollowUps;
  metrics: WriterMetrics;
  log: Log;
}

/** `locked`: another writer is at this partition; nothing was done. Throws where the entries are to be read again. */
export async function storeEntries(options: StoreOptions, partition: number, entries: readonly LogEntry[]): Promise<"stored" | "locked"> {
  const batch = toBatch(partition, entries);
  const stored = await options.slots.use(() => storeBatch(options.pool, batch, options.followUps));
  if (stored === undefined) return "locked";
  count(options.metrics, stored);
  report(options.log, partition, stored);
  // Before the removal: a crash in between repeats the batch, finds the same again and makes the same amends.
  const collided = await makeAmends(stored, options);
  await tellInboxes(options, stored.conversationIds);
  const rooms = settlements(entries, stored);
  const settled = await settle(options.redis, { partition, entries, rooms });
  const lost = lostRooms(options, { entries, stored, settled });
  for (const room of new Set([...collided, ...lost])) options.rebuilds.request(room);
  return "stored";
}

/** The lists of those whom the batch concerns. What fails here is read again by whoever looks: the batch is stored. */
async function tellInboxes({ db, slots, redis, log }: StoreOptions, conversationIds: readonly number[]): Promise<void> {
  if (conversationIds.length === 0) return;
  try {
    const views = await slots.use(() => listInboxViews(db, conversationIds));
    await publishInbox(redis, views.flatMap(inboxNotices));
  } catch (error) {
    log.warn({ component: "conversations", conversations: conversationIds.length, err: describeError(error) }, "inboxes not told");
  }
}

/** What each room of the entries is told. */
export function settlements(entries: readonly LogEntry[], stored: StoredBatch): Map<RoomName, RoomSettlement> {
  const rooms = new Map<RoomName, { rejected: Rejection[]; columns: Map<LikeTarget, number> }>();
  for (const entry of entries) {
    for (const room of entry.rooms) rooms.set(room, { rejected: [], columns: new Map() });
  }
  for (const { origin } of stored.deadLetters) {
    if (origin.room === "" || origin.kind !== "m") continue;
    rooms.get(origin.room)?.rejected.push({ userId: safeUserId(origin), clientId: origin.clientId, code: "not_stored" });
  }
  for (const [sessionId, likes] of stored.sessionLikes) rooms.get(sessionRoom(sessionId))?.columns.set("s", likes);
  for (const { room, target } of entries.flatMap((entry) => entry.likes)) {
    const likes = stored.messageLikes.get(Number(target));
    if (likes !== undefined) rooms.get(room)?.columns.set(target, likes);
  }
  return rooms;
}

/** An entry that was gone although this transaction wrote its rows was lost by Redis, and its room's history with it. */
function lostRooms(
  { metrics, log }: StoreOptions,
  { entries, stored, settled }: { entries: readonly LogEntry[]; stored: StoredBatch; settled: Settled },
): RoomName[] {
  const isNew = ({ id }: { id: number }) => stored.written.has(id);
  const isLost = (entry: LogEntry, i: number) =>
    settled.statuses[i] !== "removed" && [...entry.events, ...entry.likes, ...entry.reads].some(isNew);
  const lost = entries.filter(isLost);
  if (lost.length === 0) return [];
  const rooms = [...new Set(lost.flatMap((entry) => entry.rooms))];
  log.error({ component: "live_chat", entries: lost.length, rooms }, "redis lost entries that are stored, rebuilding");
  metrics.lostEntries.inc(lost.length);
  return rooms;
}

function count(metrics: WriterMetrics, stored: StoredBatch): void {
  metrics.rows.inc({ kind: "message" }, stored.messagesInserted);
  metrics.rows.inc({ kind: "like" }, stored.likesInserted);
  metrics.repeats.inc(stored.repeats);
  metrics.ghosts.inc(stored.ghosts.length);
  metrics.collisions.inc(stored.collisions.length);
  metrics.droppedLikes.inc(stored.droppedLikes);
  for (const { code } of stored.deadLetters) metrics.deadLetters.inc({ code });
}

function report(log: Log, partition: number, { deadLetters, ghosts, droppedLikes }: StoredBatch): void {
  const about = { component: "live_chat", partition };
  if (deadLetters.length > 0) {
    const events = deadLetters
      .slice(0, REPORTED_EVENTS)
      .map(({ origin, code }) => ({ id: origin.id, room: origin.room, kind: origin.kind, code }));
    log.error({ ...about, count: deadLetters.length, events }, "events not storable, kept as dead letters");
  }
  if (ghosts.length > 0) log.warn({ ...about, ids: ghosts.map(({ id }) => id) }, "messages were stored already, withdrawn");
  if (droppedLikes > 0) log.warn({ ...about, droppedLikes }, "likes of unknown messages dropped");
}
