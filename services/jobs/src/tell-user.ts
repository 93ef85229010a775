/** The safety net behind the change of a user: whoever changes one tells gateways itself, unless it dies in between. */
import type { Db } from "@drawchat/db/connect";
import { findUser } from "@drawchat/db/users";
import type { RedisClient } from "@drawchat/redis/connect";
import { tellUser } from "@drawchat/redis/user-commands";
import { idOf } from "./payloads.ts";

/** Throws on a payload that is not ours; rejects where a store is away, and is run again then. */
export async function tellChangedUser({ db, redis }: { db: Db; redis: RedisClient }, payload: unknown): Promise<void> {
  const user = await findUser(db, idOf(payload, "user_id"));
  if (user !== undefined) await tellUser(redis, user);
}
