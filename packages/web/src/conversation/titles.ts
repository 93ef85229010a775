/** What a conversation is called and whose face it has, where it has no title of its own. */
import type { Conversation } from "@drawchat/protocol/conversations-rest";
import type { Person } from "../avatar.tsx";

export function titleOf(conversation: Conversation): string {
  return conversation.title ?? (customersOf(conversation).join(", ") || `Conversation ${conversation.id}`);
}

function customersOf({ participants }: Conversation): string[] {
  return participants.filter(({ role }) => role === "customer").map(({ username }) => username);
}

/** Who asked: the first customer in it, or whoever wrote last. */
export function askerOf({ participants, last_message: last, created_by }: Conversation): Person {
  const asker = participants.find(({ role }) => role === "customer") ?? participants[0];
  if (asker) return { userId: asker.user_id, username: asker.username, profilePic: asker.profile_pic };
  return { userId: last?.user_id ?? created_by, username: last?.username ?? "?", profilePic: null };
}

/** What stands in a list under the title. */
export function snippetOf({ last_message: last }: Conversation, myId: number): string {
  if (!last) return "No messages yet";
  const who = last.user_id === myId ? "You" : last.username;
  if (last.is_deleted) return `${who}: deleted message`;
  return `${who}: ${last.message === "" && last.has_attachment ? "sent a file" : last.message}`;
}
