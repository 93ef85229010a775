/** What the log still holds of one room: accepted, not stored yet. Read for a restore. */
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import { keys, type LikeTarget } from "./keys.ts";
import { decodeEntry } from "./log.ts";
import { EVENT_V2_ONLY, type RawEvent } from "./publication.ts";

const ENTRIES_A_READ = 200;

export interface RoomLog {
  /** Stream id of the log's first entry; empty for an empty log. */
  readonly firstEntry: string;
  /** The room's events, oldest first. */
  readonly events: RawEvent[];
  /** How many likes of each target are not stored yet. */
  readonly likes: ReadonlyMap<LikeTarget, number>;
  /** Read marks that are not stored yet, the highest of each user. */
  readonly reads: ReadonlyMap<number, number>;
}

/**
 * Reads the partition's log from its start, some entries at a time. What a writer removes meanwhile is in Postgres by
 * then: read Postgres after this, and nothing is missed.
 */
export async function readRoomLog(redis: RedisClient, room: RoomName): Promise<RoomLog> {
  const events: RawEvent[] = [];
  const likes = new Map<LikeTarget, number>();
  const reads = new Map<number, number>();
  let firstEntry = "";
  for (let from = "-"; ; ) {
    const page = await redis.xrangeBuffer(keys.log(partitionOfRoom(room)), from, "+", "COUNT", ENTRIES_A_READ);
    for (const [id, fields] of page) {
      const entry = decodeEntry(id.toString("latin1"), fields);
      if (firstEntry === "") firstEntry = entry.streamId;
      from = `(${entry.streamId}`;
      for (const event of entry.events) {
        if (event.room !== room) continue;
        events.push({ ...event, flags: event.kind === "m" ? 0 : EVENT_V2_ONLY, body: event.body.toString("utf8") });
      }
      for (const like of entry.likes) {
        if (like.room === room) likes.set(like.target, (likes.get(like.target) ?? 0) + 1);
      }
      for (const read of entry.reads) {
        if (read.room === room) reads.set(read.userId, Math.max(read.upto, reads.get(read.userId) ?? 0));
      }
    }
    if (page.length < ENTRIES_A_READ) return { firstEntry, events, likes, reads };
  }
}
