/**
 * What is new in lists of conversations, beside the rooms: absolute values, told after their commit to each user's own
 * channel. What is lost on the way is read again by REST after a reconnect.
 */
import type { InboxFrame, InboxRemovedFrame } from "@drawchat/protocol/conversations";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";

export type InboxNotice =
  /** To one user's sockets. */
  | { to: number; frame: InboxFrame | InboxRemovedFrame }
  /** To those of all agents and admins but the excepted, who get notices of their own. */
  | { to: "agents"; except: readonly number[]; frame: InboxFrame };

/** Rejects where Redis is away; then nobody or only some have heard. */
export async function publishInbox(redis: RedisClient, notices: readonly InboxNotice[]): Promise<void> {
  if (notices.length === 0) return;
  const pipeline = redis.pipeline();
  for (const notice of notices) {
    if (notice.to === "agents") pipeline.publish(keys.agentsInbox, JSON.stringify({ except: notice.except, frame: notice.frame }));
    else pipeline.publish(keys.inbox(notice.to), JSON.stringify(notice.frame));
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
}
