/** A user as REST shows one. */
import type { UserRow } from "@drawchat/db/tables";
import type { User } from "@drawchat/protocol/conversations-rest";

export function userView(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    profile_pic: row.profile_pic,
    role: row.role,
    is_active: row.is_active,
    presence: "offline",
    last_seen_at: row.last_seen_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
