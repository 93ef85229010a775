/** In which rooms that are open here a user is a member: whose sockets are told where the user is. */
import type { PresenceNoticeFrame, PresenceState } from "@drawchat/protocol/conversations";
import type { Connection } from "./connection.ts";
import type { RoomSockets } from "./room-sockets.ts";

export class MemberRooms {
  readonly #byUser = new Map<number, Set<RoomSockets>>();

  add(userId: number, sockets: RoomSockets): void {
    const rooms = this.#byUser.get(userId) ?? new Set();
    this.#byUser.set(userId, rooms.add(sockets));
  }

  remove(userId: number, sockets: RoomSockets): void {
    const rooms = this.#byUser.get(userId);
    if (rooms?.delete(sockets) === true && rooms.size === 0) this.#byUser.delete(userId);
  }

  /** Each socket once, in however many of the rooms it is. */
  connectionsWith(userId: number): Set<Connection> {
    const connections = new Set<Connection>();
    for (const { seats } of this.#byUser.get(userId) ?? []) {
      for (const seat of seats) if (seat.isJoined) connections.add(seat.connection);
    }
    return connections;
  }
}

/** To the sockets of the rooms in which this user is a member. `lastSeenMs`: of who is offline, where that is known. */
export function tellPresence(rooms: MemberRooms, userId: number, state: PresenceState, lastSeenMs: number | undefined): void {
  const frame: PresenceNoticeFrame = {
    type: "presence",
    user_id: userId,
    state,
    last_seen_at: lastSeenMs === undefined ? null : new Date(lastSeenMs).toISOString(),
  };
  const text = JSON.stringify(frame);
  for (const connection of rooms.connectionsWith(userId)) connection.send(text);
}
