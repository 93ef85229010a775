/**
 * What is accepted and not in Postgres yet, of some rooms. A page of messages is the rows of Postgres with this on top:
 * read this first, and nothing is missed, because what leaves here meanwhile is stored by then.
 */
import type { RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import type { HistoryEvent } from "./history-page.ts";
import { readRoom } from "./room-state.ts";

export interface UnstoredEvent extends HistoryEvent {
  readonly room: RoomName;
}

/** In the order of their ids. A room that Redis does not know has nothing unstored. Rejects where Redis is away. */
export async function readUnstored(redis: RedisClient, rooms: readonly RoomName[]): Promise<UnstoredEvent[]> {
  const states = await Promise.all(rooms.map((room) => readRoom(redis, room, { history: "unstored" })));
  const events = states.flatMap((state, i) => {
    const room = rooms[i];
    if (state === undefined || room === undefined) return [];
    const isUnstored = ({ id }: { id: number }) => id > state.stored; // its publication may begin with what is stored
    return state.publications.flatMap(({ bytes, events }) =>
      events.filter(isUnstored).map(({ id, kind, start, end }) => ({ room, id, kind, body: bytes.toString("utf8", start, end) })),
    );
  });
  return events.sort((a, b) => a.id - b.id);
}
