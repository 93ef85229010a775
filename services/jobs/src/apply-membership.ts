/** The safety net behind a change of participants: whoever changes them tells Redis itself, unless it dies in between. */
import type { Db } from "@drawchat/db/connect";
import { findMembership } from "@drawchat/db/membership";
import type { RedisClient } from "@drawchat/redis/connect";
import { applyMembership } from "@drawchat/redis/members";
import { conversationIdOf } from "./payloads.ts";

/** Throws on a payload that is not ours; rejects where a store is away, and is run again then. */
export async function applyConversationMembership({ db, redis }: { db: Db; redis: RedisClient }, payload: unknown): Promise<void> {
  const conversationId = conversationIdOf(payload);
  const membership = await findMembership(db, conversationId);
  if (membership !== undefined) await applyMembership(redis, conversationId, membership);
}
