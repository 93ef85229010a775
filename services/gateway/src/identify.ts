/** Who is behind an upgraded socket: the token, the pace of the user's joins, their other sockets. The same on every path. */
import type { Identity } from "@drawchat/auth/claims";
import type { TokenVerifier } from "@drawchat/auth/token";
import type { Connection } from "./connection.ts";
import type { JoinPace } from "./join-pace.ts";
import type { UserSockets } from "./user-sockets.ts";

export interface IdentifyDeps {
  /** A user's joins, whichever the path and session. */
  joins: JoinPace;
  verifier: TokenVerifier;
  /** Those of this path. */
  users: UserSockets;
}

/** Undefined where the socket is gone, or was ended with a code that says why. Never rejects. */
export async function identify(
  { joins, verifier, users }: IdentifyDeps,
  connection: Connection,
  token: string,
): Promise<Identity | undefined> {
  if (token === "") return refuse(connection, "token");
  const verdict = await verifier.verify(token);
  if (!connection.isAlive) return undefined;
  if (verdict.kind === "refused") return refuse(connection, verdict.reason === "keys_unavailable" ? "overloaded" : "token");
  if (!joins.mayJoin(verdict.identity.userId, performance.now())) return refuse(connection, "overloaded", "too many joins");
  connection.identity = verdict.identity;
  users.add(connection, verdict.identity.userId);
  return verdict.identity;
}

/** A newer token of the same user, on an open socket; anything else ends it. Undefined where it did not take effect. */
export async function renewIdentity(verifier: TokenVerifier, connection: Connection, token: string): Promise<Identity | undefined> {
  const verdict = await verifier.verify(token);
  const current = connection.identity;
  if (verdict.kind === "refused" && verdict.reason === "keys_unavailable") {
    connection.sendError("unavailable");
    return undefined;
  }
  if (verdict.kind === "refused" || current === undefined) return refuse(connection, "token");
  const { identity } = verdict;
  if (identity.userId !== current.userId || identity.issuedAtMs < current.issuedAtMs) return refuse(connection, "token");
  return connection.isAlive ? identity : undefined;
}

function refuse(connection: Connection, name: "token" | "overloaded", reason?: string): undefined {
  connection.end(name, reason);
  return undefined;
}
