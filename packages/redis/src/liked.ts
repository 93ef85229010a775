/** Filling the sets of who liked what from Postgres, when a room comes back: a second like stays a second like. */
import type { RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import { keys, type LikeTarget } from "./keys.ts";

const MEMBERS_A_CALL = 1_000;

/** `keptUntilMs`: Unix ms when the sets go away, as the room does. */
export async function addLikers(
  redis: RedisClient,
  room: RoomName,
  { likers, keptUntilMs }: { likers: ReadonlyMap<LikeTarget, readonly number[]>; keptUntilMs: number },
): Promise<void> {
  for (const [target, users] of likers) {
    const key = keys.liked(room, target);
    for (let i = 0; i < users.length; i += MEMBERS_A_CALL) await redis.sadd(key, ...users.slice(i, i + MEMBERS_A_CALL));
    await redis.pexpireat(key, keptUntilMs);
  }
}
