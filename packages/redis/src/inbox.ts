/**
 * What is new in lists of conversations, beside the rooms: absolute values, told after their commit to each user's own
 * channel. What is lost on the way is read again by REST after a reconnect.
 */
import type { InboxFrame, InboxRemovedFrame } from "@drawchat/protocol/conversations";
import { type KeyCommand, publishCommand, runCommands } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";

export type InboxNotice =
  /** To one user's sockets. */
  | { to: number; frame: InboxFrame | InboxRemovedFrame }
  /** To those of all agents and admins but the excepted, who get notices of their own. */
  | { to: "agents"; except: readonly number[]; frame: InboxFrame };

/** Rejects where Redis is away; then nobody or only some have heard. */
export async function publishInbox(redis: RedisClient, notices: readonly InboxNotice[]): Promise<void> {
  const command = publishCommand(redis) === "SPUBLISH" ? "spublish" : "publish";
  const commands = notices.map((notice): KeyCommand => {
    if (notice.to === "agents") return [command, keys.agentsInbox, JSON.stringify({ except: notice.except, frame: notice.frame })];
    return [command, keys.inbox(notice.to), JSON.stringify(notice.frame)];
  });
  await runCommands(redis, commands);
}
