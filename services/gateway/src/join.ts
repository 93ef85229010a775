/** From an upgraded socket to one that listens: the token, the user's other sockets, the room, the window. */
import type { TokenVerifier } from "@drawchat/auth/token";
import { sessionRoom } from "@drawchat/protocol/ids";
import type { RateLimiterMemory } from "rate-limiter-flexible";
import type { Connection, FrameHandler } from "./connection.ts";
import type { RedisClock } from "./redis-clock.ts";
import type { Rooms } from "./rooms.ts";
import type { Seat } from "./seat.ts";
import { isOver, stateAt } from "./session-watch.ts";
import type { UserSockets } from "./user-sockets.ts";

export interface JoinDeps {
  /** A user's joins, whichever the session. */
  joins: RateLimiterMemory;
  verifier: TokenVerifier;
  rooms: Rooms;
  users: UserSockets;
  clock: RedisClock;
  isEnabled: boolean;
  /** Sockets may come and wait this long before the opening. */
  waitBeforeOpenMs: number;
  commands: { v1: FrameHandler; v2: FrameHandler };
}

/** Never rejects: a socket that may not come in is ended with a code that says why. */
export async function join(deps: JoinDeps, connection: Connection, token: string): Promise<void> {
  if (!deps.isEnabled) return connection.end("session", "live chat is disabled");
  if (token === "") return connection.end("token");
  const verdict = await deps.verifier.verify(token);
  if (!connection.isAlive) return;
  if (verdict.kind === "refused") return connection.end(verdict.reason === "keys_unavailable" ? "overloaded" : "token");

  if (!(await mayJoin(deps.joins, verdict.identity.userId))) return connection.end("overloaded", "too many joins");
  if (!connection.isAlive) return;
  connection.identity = verdict.identity;
  deps.users.add(connection, verdict.identity.userId);
  const answer = await deps.rooms.join(sessionRoom(connection.sessionId), connection, verdict.identity.userId);
  if (!connection.isAlive) return;
  if (answer.kind === "unknown") return connection.end("session", "there is no such session");
  if (answer.kind !== "joined") return connection.end("overloaded");
  const { seat } = answer;
  const closed = windowRefusal(deps, seat);
  if (closed !== undefined) return connection.end("session", closed);
  deps.rooms.admit(seat);

  if (connection.version === 1) listenV1(seat);
  connection.resume(connection.version === 1 ? deps.commands.v1 : deps.commands.v2);
}

async function mayJoin(joins: RateLimiterMemory, userId: number): Promise<boolean> {
  try {
    await joins.consume(userId);
    return true;
  } catch {
    return false; // the limiter rejects where the points are used up; in memory it cannot fail otherwise
  }
}

/** What waits in the outbox is from before this socket came: it goes out first, then the socket listens. */
function listenV1(seat: Seat): void {
  seat.room.flush();
  seat.listen();
  seat.isJoined = true;
  seat.connection.isGreeted = true;
}

function windowRefusal({ clock, waitBeforeOpenMs }: JoinDeps, { room }: Seat): string | undefined {
  const nowMs = clock.nowMs();
  const { policy } = room.side;
  if (isOver(stateAt(policy, nowMs))) return "the session is over";
  if (nowMs < policy.opensMs - waitBeforeOpenMs) return `opens_at=${new Date(policy.opensMs).toISOString()}`;
  return undefined;
}
