/** What gateways are told of a user who was changed: told by the one who changed it, and by a job should that one die. */
import { CLOSE } from "@drawchat/protocol/errors";
import type { RedisClient } from "./connect.ts";
import { publishControl } from "./control.ts";

/** Those who were deactivated lose their sockets, the others are shown as they are now. Harmless to repeat. */
export async function tellUser(redis: RedisClient, { id, is_active: isActive }: { id: number; is_active: boolean }): Promise<void> {
  const { code, reason } = CLOSE.forbidden;
  await publishControl(redis, isActive ? { type: "refresh_user", user_id: id } : { type: "end_user", user_id: id, code, reason });
}
