/** Settings that several processes read and that must mean the same in all of them. README lists them for operators. */
import type { Env } from "./env.ts";

export interface LiveChatSettings {
  readonly enabled: boolean;
  readonly preDrawHours: number;
  readonly postDrawHours: number;
  readonly maxMessagesPerUserPerMinute: number; // 0 = no limit, for load runs
  readonly messageHistoryLimit: number;
  readonly sampleAbovePerSecond: number; // ordinary messages of a session shown live in a second; 0 = all
  readonly waitBeforeOpenMinutes: number; // sockets may come and wait this long before the opening
}

/** Reads and checks every `LIVE_CHAT_*` variable; an unknown one is a problem. */
export function readLiveChatSettings(env: Env): LiveChatSettings {
  const settings = {
    enabled: env.bool("LIVE_CHAT_ENABLED", true),
    preDrawHours: env.number("LIVE_CHAT_PRE_DRAW_HOURS", 1, { min: 0, max: 168 }),
    postDrawHours: env.number("LIVE_CHAT_POST_DRAW_HOURS", 1, { min: 0, max: 168 }),
    maxMessagesPerUserPerMinute: env.int("LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE", 10, { min: 0, max: 1_000 }),
    messageHistoryLimit: env.int("LIVE_CHAT_MESSAGE_HISTORY_LIMIT", 100, { min: 1, max: 500 }),
    sampleAbovePerSecond: env.int("LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND", 0, { min: 0, max: 100_000 }),
    waitBeforeOpenMinutes: env.number("LIVE_CHAT_WAIT_BEFORE_OPEN_MINUTES", 15, { min: 0, max: 1_440 }),
  };
  if (settings.preDrawHours + settings.postDrawHours === 0) {
    env.problem("LIVE_CHAT_PRE_DRAW_HOURS and LIVE_CHAT_POST_DRAW_HOURS are both 0: the chat would never be open");
  }
  env.refuseUnknown("LIVE_CHAT_");
  return settings;
}

export type NodeEnv = "production" | "development" | "test";

export function readNodeEnv(env: Env): NodeEnv {
  return env.oneOf("NODE_ENV", "development", ["production", "development", "test"]);
}

const MAX_BOT_USER_ID = 999_999_999_999_999;
const MAX_NAME_CHARS = 100;

export interface ConversationSettings {
  /** In a conversation, in any 60 s; bots are exempt; 0 = no limit. */
  readonly maxMessagesPerUserPerMinute: number;
  /** The user that the bot writes as. Undefined: there is no bot. */
  readonly bot: { readonly userId: number; readonly name: string } | undefined;
  /** What happens in conversations is recorded for a webhook. */
  readonly tellsWebhook: boolean;
}

/** Reads and checks the `CONVERSATIONS_*` variables that several processes share. */
export function readConversationSettings(env: Env): ConversationSettings {
  const hasBot = env.optional("CONVERSATIONS_BOT_USER_ID") !== undefined;
  const bot = { userId: env.int("CONVERSATIONS_BOT_USER_ID", 1, { min: 1, max: MAX_BOT_USER_ID }), name: readBotName(env) };
  return {
    maxMessagesPerUserPerMinute: env.int("CONVERSATIONS_MAX_MESSAGES_PER_USER_PER_MINUTE", 120, { min: 0, max: 10_000 }),
    bot: hasBot ? bot : undefined,
    tellsWebhook: env.optional("CONVERSATIONS_WEBHOOK_URL") !== undefined,
  };
}

function readBotName(env: Env): string {
  const name = env.text("CONVERSATIONS_BOT_NAME", "Assistant");
  if ([...name].length > MAX_NAME_CHARS) env.problem(`CONVERSATIONS_BOT_NAME must have at most ${MAX_NAME_CHARS} characters`);
  return name;
}
