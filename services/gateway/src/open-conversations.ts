/** From an upgraded socket of conversations to one whose frames are handled: its user, as they are known here. */
import type { SeenUser } from "@drawchat/protocol/internal";
import type { ApiClient } from "./api-client.ts";
import type { Connection, FrameHandler } from "./connection.ts";
import { type IdentifyDeps, identify } from "./identify.ts";

export interface OpenConversationsDeps extends IdentifyDeps {
  api: ApiClient;
  commands: FrameHandler;
}

/** Never rejects: a socket that may not come in is ended with a code that says why. */
export async function openConversations(deps: OpenConversationsDeps, connection: Connection, token: string): Promise<void> {
  const identity = await identify(deps, connection, token);
  if (identity === undefined) return;
  try {
    takeProfile(connection, await deps.api.seen(identity));
  } catch {
    connection.end("overloaded"); // the api is away, or slow: the client comes again
  }
  connection.resume(deps.commands);
}

/** A user was edited: those of their sockets that are open show them as they are now. Rejects where the api cannot tell. */
export async function refreshProfiles(api: ApiClient, connections: readonly Connection[]): Promise<void> {
  for (const connection of connections) {
    if (connection.identity !== undefined) takeProfile(connection, await api.seen(connection.identity));
  }
}

/** How its user is shown from now on. Who was deactivated has no socket. */
export function takeProfile(connection: Connection, profile: SeenUser): void {
  connection.profile = profile;
  if (!profile.is_active) connection.end("forbidden", "deactivated");
}
