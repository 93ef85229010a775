/** From an upgraded socket of a live chat to one that listens: its user, the room, the window. */
import { sessionRoom } from "@drawchat/protocol/ids";
import type { Connection, FrameHandler } from "./connection.ts";
import { type IdentifyDeps, identify } from "./identify.ts";
import type { RedisClock } from "./redis-clock.ts";
import type { RoomSide } from "./room-side.ts";
import type { Rooms } from "./rooms.ts";
import type { Seat } from "./seat.ts";
import { isOver, stateAt } from "./session-watch.ts";

export interface JoinSessionDeps extends IdentifyDeps {
  rooms: Rooms;
  clock: RedisClock;
  isEnabled: boolean;
  /** Sockets may come and wait this long before the opening. */
  waitBeforeOpenMs: number;
  commands: { v1: FrameHandler; v2: FrameHandler };
}

/** Never rejects: a socket that may not come in is ended with a code that says why. */
export async function joinSession(deps: JoinSessionDeps, connection: Connection, token: string, sessionId: number): Promise<void> {
  if (!deps.isEnabled) return connection.end("session", "live chat is disabled");
  const identity = await identify(deps, connection, token);
  if (identity === undefined) return;
  const answer = await deps.rooms.join(sessionRoom(sessionId), connection, identity.userId, () => true);
  if (!connection.isAlive) return;
  if (answer.kind === "unknown") return connection.end("session", "there is no such session");
  if (answer.kind !== "joined") return connection.end("overloaded");
  const { seat } = answer;
  const closed = windowRefusal(deps, seat.room.side);
  if (closed !== undefined) return connection.end("session", closed);
  deps.rooms.admit(seat);

  if (connection.version === 1) listenV1(seat);
  connection.resume(connection.version === 1 ? deps.commands.v1 : deps.commands.v2);
}

/** What waits in the outbox is from before this socket came: it goes out first, then the socket listens. */
function listenV1(seat: Seat): void {
  seat.room.flush();
  seat.listen();
  seat.isJoined = true;
  seat.connection.isGreeted = true;
}

function windowRefusal({ clock, waitBeforeOpenMs }: JoinSessionDeps, side: RoomSide): string | undefined {
  if (side.kind !== "session") return "there is no such session";
  const nowMs = clock.nowMs();
  const { policy } = side;
  if (isOver(stateAt(policy, nowMs))) return "the session is over";
  if (nowMs < policy.opensMs - waitBeforeOpenMs) return `opens_at=${new Date(policy.opensMs).toISOString()}`;
  return undefined;
}
