/** After the commit of a change: Redis and the lists of those who are in the conversation are told. */
import type { Db } from "@drawchat/db/connect";
import { inboxNotices, listInboxViews } from "@drawchat/db/conversation-views";
import type { ConversationChanged } from "@drawchat/db/conversation-writing";
import type { RedisClient } from "@drawchat/redis/connect";
import { publishInbox } from "@drawchat/redis/inbox";
import { applyMembership } from "@drawchat/redis/members";

/** Rejects where a store is away; the change itself stands, and a job of its transaction tells Redis. */
export async function tellChanged({ db, redis }: { db: Db; redis: RedisClient }, changed: readonly ConversationChanged[]): Promise<void> {
  for (const { id, membership } of changed) {
    if (membership !== undefined) await applyMembership(redis, id, membership);
  }
  const views = await listInboxViews(
    db,
    changed.map(({ id }) => id),
  );
  await publishInbox(redis, views.flatMap(inboxNotices));
}
