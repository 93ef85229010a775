/** What a room has beside its sequence: a session's and a conversation's room differ in this alone. */
import type { SessionState } from "@drawchat/protocol/frames";
import { roomKind } from "@drawchat/protocol/ids";
import { ConversationSide, type ConversationSideDeps } from "./conversation-side.ts";
import type { LoadLevel } from "./load-level.ts";
import type { RedisClock } from "./redis-clock.ts";
import type { RoomReader } from "./room-reader.ts";
import type { RoomSockets } from "./room-sockets.ts";
import { SessionSide } from "./session-side.ts";

export type RoomSide = SessionSide | ConversationSide;

export interface RoomSideDeps extends Omit<ConversationSideDeps, "sockets"> {
  clock: RedisClock;
  load: LoadLevel;
  /** A session changed its state, or its policy changed. */
  onSessionState: (sockets: RoomSockets, state: SessionState) => void;
}

export interface RoomSideParts extends RoomSideDeps {
  /** Sends what waits for the next tick. */
  flush: () => void;
}

/** The one that goes with the room's name. */
export function createSide(sockets: RoomSockets, reader: RoomReader, deps: RoomSideParts): RoomSide {
  const { clock, load, flush, onSessionState, memberRooms, presenceOf, evict } = deps;
  return roomKind(sockets.room) === "session"
    ? new SessionSide({ sockets, reader, clock, load, flush, onState: (state) => onSessionState(sockets, state) })
    : new ConversationSide({ sockets, memberRooms, presenceOf, evict });
}
