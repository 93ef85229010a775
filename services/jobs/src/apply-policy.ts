/** The safety net behind a change of policy: the api tells Redis itself, unless it dies between its two steps. */

import type { Db } from "@drawchat/db/connect";
import { findSession, policyOf } from "@drawchat/db/sessions";
import { sessionRoom } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import { applyPolicy } from "@drawchat/redis/policy";
import { idOf } from "./payloads.ts";

/** Throws on a payload that is not ours; rejects where a store is away, and is run again then. */
export async function applySessionPolicy({ db, redis }: { db: Db; redis: RedisClient }, payload: unknown): Promise<void> {
  const session = await findSession(db, idOf(payload, "session_id"));
  if (session !== undefined) await applyPolicy(redis, sessionRoom(session.id), policyOf(session));
}
