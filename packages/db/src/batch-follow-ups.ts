/** What the messages of a batch set off, in their own transaction and for rows really written: bot answers, webhooks. */
import type pg from "pg";
import type { ConversationMessageToStore, Origin } from "./batch-rows.ts";
import { addJobs } from "./job-queue.ts";
import { recordMessageEvents, recordReopened } from "./webhook-events.ts";

/** Which of them this deployment has. */
export interface FollowUps {
  readonly hasBot: boolean;
  readonly tellsWebhook: boolean;
}

export const NO_FOLLOW_UPS: FollowUps = { hasBot: false, tellsWebhook: false };

export interface WrittenConversations {
  readonly inserted: readonly ConversationMessageToStore[];
  /** Messages, edits and deletes that changed a row, the inserted among them. */
  readonly events: readonly Origin[];
  /** Conversations that were put aside, and are open again. */
  readonly reopened: readonly number[];
}

export async function addFollowUps(
  client: pg.PoolClient,
  written: WrittenConversations,
  { hasBot, tellsWebhook }: FollowUps,
): Promise<void> {
  if (hasBot) await askBot(client, written.inserted);
  if (!tellsWebhook) return;
  await recordReopened(client, written.reopened);
  await recordMessageEvents(client, written.events);
}

/** A job for each customer's message where the bot is on; whether it answers then is its own decision. */
async function askBot(client: pg.PoolClient, inserted: readonly ConversationMessageToStore[]): Promise<void> {
  const questions = inserted.filter(({ isNote, role }) => !isNote && role === "customer");
  if (questions.length === 0) return;
  const { rows } = await client.query<{ id: number }>("SELECT id FROM conversations WHERE id = ANY($1::bigint[]) AND is_bot_on", [
    questions.map(({ conversationId }) => conversationId),
  ]);
  const withBot = new Set(rows.map(({ id }) => id));
  const asked = questions.filter(({ conversationId }) => withBot.has(conversationId));
  await addJobs(
    client,
    asked.map(({ conversationId, origin }) => ({
      name: "bot_reply",
      payload: { conversation_id: conversationId, message_id: origin.id },
      key: `bot_reply:${origin.id}`,
    })),
  );
}
