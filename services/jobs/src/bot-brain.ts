/** Who thinks for the bot: rules of a file, or a webhook of the operator's own. */
import { readFileSync } from "node:fs";
import type { Env } from "@drawchat/runtime/env";
import { type BotRules, parseBotRules } from "./bot-rules.ts";
import type { Receiver } from "./signed-post.ts";

export type BotBrain = { readonly rules: BotRules } | { readonly receiver: Receiver };

export interface BrainSettings {
  hasBot: boolean;
  rulesPath: string | undefined;
  receiver: Receiver | undefined;
}

/** A bot has exactly one; without a bot there is nothing to think for. Everything that is wrong is a problem of `env`. */
export function readBotBrain(env: Env, { hasBot, rulesPath, receiver }: BrainSettings): BotBrain | undefined {
  const count = Number(rulesPath !== undefined) + Number(receiver !== undefined);
  if (hasBot && count !== 1) {
    env.problem("CONVERSATIONS_BOT_USER_ID needs either CONVERSATIONS_BOT_RULES or CONVERSATIONS_BOT_WEBHOOK_URL");
  }
  if (!hasBot && count > 0) env.problem("CONVERSATIONS_BOT_USER_ID is missing: the user that the bot writes as");
  if (receiver !== undefined) return { receiver };
  const rules = rulesPath === undefined ? undefined : readRules(env, rulesPath);
  return rules && { rules };
}

function readRules(env: Env, path: string): BotRules | undefined {
  let json: string;
  try {
    json = readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    env.problem(`CONVERSATIONS_BOT_RULES: ${path} cannot be read (${code})`);
    return undefined;
  }
  return parseBotRules(json, (problem) => env.problem(`CONVERSATIONS_BOT_RULES: ${path}: ${problem}`));
}
