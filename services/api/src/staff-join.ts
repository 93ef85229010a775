/** An agent or admin who writes in a conversation becomes a participant by it, and the bot falls silent. */
import { addParticipant } from "@drawchat/db/conversation-changes";
import { ClientError } from "@drawchat/protocol/errors";
import { type NewsParts, tellChange } from "./conversation-news.ts";

export interface JoinParts extends NewsParts {
  conversations: { tellsWebhook: boolean };
}

/** Throws `not_found` where there is no such conversation (or user), `conflict` where it is full. */
export async function joinConversation(
  parts: JoinParts,
  { conversationId, userId }: { conversationId: number; userId: number },
): Promise<void> {
  const { tellsWebhook } = parts.conversations;
  const changed = await addParticipant(parts.db, { conversationId, userId, hasRead: true, tellsWebhook });
  if (changed === "full") throw new ClientError("conflict", { detail: "The conversation has as many participants as it can have." });
  if (typeof changed === "string") throw new ClientError("not_found");
  await tellChange(parts, changed);
}
