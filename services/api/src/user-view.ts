/** Users as REST shows them: the row, and whether they are there now. */
import type { UserRow } from "@drawchat/db/tables";
import type { User } from "@drawchat/protocol/conversations-rest";
import { readPresence, type UserPresence } from "@drawchat/redis/presence";
import type { ApiParts } from "./api.ts";

type ViewParts = Pick<ApiParts, "redis" | "log">;

/** In the order of the rows. While Redis is away everybody is offline, and was last seen when Postgres says so. */
export async function viewUsers({ redis, log }: ViewParts, rows: readonly UserRow[]): Promise<User[]> {
  let presences: ReadonlyMap<number, UserPresence> = new Map();
  try {
    presences = await readPresence(
      redis,
      rows.map((row) => row.id),
    );
  } catch (error) {
    log.debug({ component: "conversations", err: error }, "presence cannot be read");
  }
  return rows.map((row) => viewUser(row, presences.get(row.id)));
}

function viewUser(row: UserRow, presence: UserPresence | undefined): User {
  const lastSeenMs = Math.max(row.last_seen_at?.getTime() ?? 0, presence?.lastSeenMs ?? 0);
  return {
    id: row.id,
    username: row.username,
    profile_pic: row.profile_pic,
    role: row.role,
    is_active: row.is_active,
    presence: presence?.state ?? "offline",
    last_seen_at: lastSeenMs === 0 ? null : new Date(lastSeenMs).toISOString(),
    created_at: row.created_at.toISOString(),
  };
}
