/**
 * What a committed change of a conversation brings: Redis knows who is in it, everybody in the room sees who came and
 * went, lists show it. The change itself stands: where Redis is away, membership is left to its job, and lists are read
 * again by those who come back.
 */
import { inboxNotices, listInboxViews } from "@drawchat/db/conversation-views";
import { type ConversationChanged, isStaff, type Person } from "@drawchat/db/conversation-writing";
import { conversationRoom } from "@drawchat/protocol/ids";
import { memberParts } from "@drawchat/redis/conversation-message";
import { type InboxNotice, publishInbox } from "@drawchat/redis/inbox";
import { applyMembership } from "@drawchat/redis/members";
import type { ApiParts } from "./api.ts";
import { derivedClientId } from "./derived-client-id.ts";

export type NewsParts = Pick<ApiParts, "db" | "redis" | "acceptor" | "log">;

/** Never rejects. Resolves once all are told that could be. */
export async function tellChange(parts: NewsParts, changed: ConversationChanged): Promise<void> {
  if (!changed.isChanged) return;
  try {
    if (changed.membership !== undefined) await applyMembership(parts.redis, changed.id, changed.membership);
    await tellMembers(parts, changed);
    await tellLists(parts, changed.id, changed.left);
  } catch (error) {
    parts.log.warn({ component: "conversations", conversation: changed.id, err: error }, "a change is left to the job");
  }
}

/** After the room knows the new members: who is out does not see the event that says so. */
async function tellMembers({ acceptor }: NewsParts, { id, joined, left, membership }: ConversationChanged): Promise<void> {
  const tell = (person: Person, hasJoined: boolean) =>
    acceptor.submit({
      room: conversationRoom(id),
      kind: "u",
      userId: person.userId,
      clientId: derivedClientId("member", id, membership?.version ?? 0, person.userId),
      parts: memberParts(person, hasJoined),
      v2Only: true,
      force: true,
    });
  await Promise.all([...joined.map((person) => tell(person, true)), ...left.map((person) => tell(person, false))]);
}

/** Tells the lists of participants and agents how the conversation is now; those who left and are no agents have it no more. */
export async function tellLists({ db, redis }: Pick<NewsParts, "db" | "redis">, id: number, left: readonly Person[] = []): Promise<void> {
  const views = await listInboxViews(db, [id]);
  const removed = left
    .filter((person) => !isStaff(person))
    .map(({ userId }): InboxNotice => ({ to: userId, frame: { type: "inbox_removed", conversation_id: id } }));
  await publishInbox(redis, [...removed, ...views.flatMap(inboxNotices)]);
}
