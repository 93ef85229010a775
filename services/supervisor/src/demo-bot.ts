/** A bot to talk to in development, by the rules of infra/bot, unless the settings speak of a bot themselves. */
import { fileURLToPath } from "node:url";
import { Env, type EnvSource } from "@drawchat/runtime/env";
import { readNodeEnv } from "@drawchat/runtime/settings";

/** Below the users of the demo sign-in, above those that people make up by hand. */
const USER_ID = "900000000";
const RULES = fileURLToPath(new URL("../../../infra/bot/rules.json", import.meta.url));

/** Settings for all processes. */
export function demoBot(source: EnvSource): Record<string, string> {
  const isSpokenOf = Object.entries(source).some(([name, value]) => name.startsWith("CONVERSATIONS_BOT_") && value);
  if (isSpokenOf || readNodeEnv(new Env(source)) === "production") return {};
  return { CONVERSATIONS_BOT_USER_ID: USER_ID, CONVERSATIONS_BOT_RULES: RULES };
}
