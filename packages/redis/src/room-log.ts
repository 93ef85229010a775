/** What the log still holds of one room: accepted, not stored yet. Read for a restore. */
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { decodePublication, type RawEvent } from "./publication.ts";
import { asArray, asBytes, asText } from "./script.ts";

const ENTRIES_A_READ = 200;

export interface RoomLog {
  /** Stream id of the log's first entry; empty for an empty log. */
  readonly firstEntry: string;
  /** The room's events, oldest first. */
  readonly events: RawEvent[];
  /** How many likes of each target are not stored yet. */
  readonly likes: ReadonlyMap<string, number>;
}

/**
 * Reads the partition's log from its start, some entries at a time. What a writer removes meanwhile is in Postgres by
 * then: read Postgres after this, and nothing is missed.
 */
export async function readRoomLog(redis: RedisClient, room: RoomName): Promise<RoomLog> {
  const events: RawEvent[] = [];
  const likes = new Map<string, number>();
  let firstEntry = "";
  for (let from = "-"; ; ) {
    const entries = asArray(await redis.xrangeBuffer(keys.log(partitionOfRoom(room)), from, "+", "COUNT", ENTRIES_A_READ));
    for (const entry of entries) {
      const [id, fields] = asArray(entry);
      if (firstEntry === "") firstEntry = asText(id);
      from = `(${asText(id)}`;
      readEntry(asArray(fields), room, { events, likes });
    }
    if (entries.length < ENTRIES_A_READ) return { firstEntry, events, likes };
  }
}

function readEntry(fields: unknown[], room: RoomName, into: { events: RawEvent[]; likes: Map<string, number> }): void {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = asText(fields[i]);
    if (name === "pub") into.events.push(...eventsOf(asBytes(fields[i + 1]), room));
    if (name === "likes") countLikes(asText(fields[i + 1]), room, into.likes);
  }
}

function eventsOf(bytes: Buffer, room: RoomName): RawEvent[] {
  const publication = decodePublication(bytes);
  if (publication.room !== room) return [];
  return publication.events.map(({ id, kind, flags, userId, clientId, start, end }) => ({
    id,
    kind,
    flags,
    userId,
    clientId,
    body: bytes.toString("utf8", start, end),
  }));
}

/** A record is the room's name and a line `<id> <target> <user>` a like. */
function countLikes(record: string, room: RoomName, likes: Map<string, number>): void {
  const [name, ...lines] = record.split("\n");
  if (name !== room) return;
  for (const line of lines) {
    const target = line.split(" ")[1];
    if (target !== undefined) likes.set(target, (likes.get(target) ?? 0) + 1);
  }
}
