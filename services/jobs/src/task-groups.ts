/** Which tasks there are, and which of them share their workers. What waits for somebody outside has workers of its own. */
import { type BotTurn, listSaidBefore } from "@drawchat/db/bot-turn";
import type { Database } from "@drawchat/db/connect";
import { handOff, wakeConversations } from "@drawchat/db/conversation-handoff";
import type { FileStore } from "@drawchat/files/store";
import type { Acceptor } from "@drawchat/redis/accept";
import type { Metrics } from "@drawchat/runtime/metrics";
import { applyConversationMembership } from "./apply-membership.ts";
import { applySessionPolicy } from "./apply-policy.ts";
import type { BotAnswer } from "./bot-answer.ts";
import type { BotBrain } from "./bot-brain.ts";
import { type BotParts, replyAsBot } from "./bot-reply.ts";
import { tellChanged } from "./conversation-changed.ts";
import { deliverWebhooks, WEBHOOK_RETRIES, type WebhookParts } from "./deliver-webhooks.ts";
import { countBotTurns, countDeliveries } from "./metrics.ts";
import { answerByRules } from "./rules-bot.ts";
import { runSchedule, type ScheduleParts } from "./session-schedule.ts";
import type { Receiver } from "./signed-post.ts";
import { tellChangedUser } from "./tell-user.ts";
import { sweepLostFiles, sweepUploads } from "./upload-sweep.ts";
import { askWebhookBot } from "./webhook-bot.ts";
import { sweepWebhooks } from "./webhook-sweep.ts";
import type { TaskGroup } from "./worker.ts";

/** How much of a conversation a bot of the operator's own is told. */
const MESSAGES_BEFORE = 20;

export interface GroupParts extends ScheduleParts {
  pool: Database["pool"];
  acceptor: Acceptor;
  files: FileStore;
  metrics: Metrics;
  bot: { userId: number; brain: BotBrain } | undefined;
  receiver: Receiver | undefined;
  /** Aborted when the process is to end. */
  stopping: AbortSignal;
}

export function taskGroups(parts: GroupParts): TaskGroup[] {
  const { bot, receiver } = parts;
  return [
    ownGroup(parts),
    ...(bot === undefined ? [] : [botGroup(parts, bot)]),
    ...(receiver === undefined ? [] : [webhookGroup(parts, receiver)]),
  ];
}

function ownGroup(parts: GroupParts): TaskGroup {
  const tellsWebhook = parts.receiver !== undefined;
  return {
    tasks: {
      session_schedule: () => runSchedule(parts),
      apply_policy: (payload) => applySessionPolicy(parts, payload),
      apply_membership: (payload) => applyConversationMembership(parts, payload),
      tell_user: (payload) => tellChangedUser(parts, payload),
      wake_conversations: async () => tellChanged(parts, await wakeConversations(parts.db, { tellsWebhook })),
      sweep_webhooks: () => sweepWebhooks(parts),
      sweep_uploads: () => sweepUploads(parts),
      sweep_lost_files: () => sweepLostFiles(parts),
    },
    crons: [
      { task: "session_schedule", match: "* * * * *", options: { jobKey: "session_schedule:minute" } },
      { task: "wake_conversations", match: "* * * * *", options: { jobKey: "wake_conversations:minute" } },
      { task: "sweep_webhooks", match: "23 * * * *", options: { jobKey: "sweep_webhooks:hour" } },
      { task: "sweep_uploads", match: "*/5 * * * *", options: { jobKey: "sweep_uploads:minutes" } },
      { task: "sweep_lost_files", match: "41 3 * * *", options: { jobKey: "sweep_lost_files:day" } },
    ],
  };
}

function botGroup(parts: GroupParts, { userId, brain }: { userId: number; brain: BotBrain }): TaskGroup {
  const { db, pool, acceptor, metrics } = parts;
  const tellsWebhook = parts.receiver !== undefined;
  const botParts: BotParts = {
    db,
    pool,
    acceptor,
    botUserId: userId,
    think: thinker(parts, brain),
    handOff: async (id) => {
      const changed = await handOff(db, { id, tellsWebhook });
      if (changed !== "unknown") await tellChanged(parts, [changed]);
    },
    onOutcome: countBotTurns(metrics),
  };
  return { tasks: { bot_reply: (payload) => replyAsBot(botParts, payload) } };
}

function thinker({ db }: GroupParts, brain: BotBrain): (turn: BotTurn, questionId: string) => Promise<BotAnswer> {
  if ("rules" in brain) {
    return async ({ message, isFirst }) => answerByRules(brain.rules, { text: message.message, isFirst }, Date.now());
  }
  return async ({ message }, deliveryId) =>
    askWebhookBot(brain.receiver, { deliveryId, message, before: await listSaidBefore(db, message, MESSAGES_BEFORE) });
}

function webhookGroup({ pool, log, metrics, stopping }: GroupParts, receiver: Receiver): TaskGroup {
  const parts: WebhookParts = { pool, receiver, log, stopping, retries: WEBHOOK_RETRIES, onAttempt: countDeliveries(metrics, pool) };
  return { tasks: { deliver_webhooks: (payload) => deliverWebhooks(parts, payload) } };
}
