/** Changing who is in a conversation, in Redis, after the change was committed to Postgres under a higher version. */
import { conversationRoom, notesRoom } from "@drawchat/protocol/ids";
import { publishCommand } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { memberArgs } from "./restore.ts";
import type { ConversationPolicy } from "./room-state.ts";
import { asText, defineScript } from "./script.ts";

const script = defineScript(new URL("./members.lua", import.meta.url));

/** Whether a user is in a conversation. Undefined where Redis does not know the conversation. Rejects where Redis is away. */
export async function isMemberInRedis(redis: RedisClient, conversationId: number, userId: number): Promise<boolean | undefined> {
  const [version, member] = await redis.hmget(keys.members(conversationRoom(conversationId)), "v", String(userId));
  return version === null ? undefined : member !== null;
}

export type MembershipApplied = "applied" | "older" | "unknown";

/**
 * Harmless to repeat. From the answer on, `accept` takes nothing of those who are out, and gateways show them out.
 * `unknown`: the conversation is not in Redis; it will be restored with what is committed.
 */
export async function applyMembership(
  redis: RedisClient,
  conversationId: number,
  { version, isBotOn, members }: Omit<ConversationPolicy, "kind">,
): Promise<MembershipApplied> {
  const [room, notes] = [conversationRoom(conversationId), notesRoom(conversationId)];
  const reply = asText(
    await script.run(
      redis,
      [keys.members(room), keys.room(room), keys.room(notes), keys.channel(room), keys.channel(notes)],
      [version, isBotOn ? 1 : 0, publishCommand(redis), room, notes, ...memberArgs({ members })],
    ),
  );
  if (reply === "applied" || reply === "older" || reply === "unknown") return reply;
  throw new TypeError(`members answered ${reply}`);
}
