import { fileURLToPath } from "node:url";
import { ConfigError } from "@drawchat/runtime/env";
import { expect, test } from "vitest";
import { loadConfig } from "./config.ts";

const STORES = { REDIS_URL: "redis://r", DATABASE_URL: "postgres://d", API_INTERNAL_URL: "http://api:9000" };
const SECRET = "s".repeat(32);
const RULES = fileURLToPath(new URL("../../../infra/bot/rules.json", import.meta.url));

function problemsOf(source: Record<string, string>): readonly string[] {
  try {
    loadConfig({ ...STORES, ...source });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test("without settings there is neither bot nor webhook", () => {
  expect(loadConfig(STORES)).toMatchObject({ bot: undefined, webhook: undefined });
});

test("a bot has a user and either rules or a webhook", () => {
  const bot = loadConfig({ ...STORES, CONVERSATIONS_BOT_USER_ID: "70", CONVERSATIONS_BOT_RULES: RULES }).bot;
  expect(bot).toMatchObject({ userId: 70, name: "Assistant", brain: { rules: { fallback: expect.any(String) } } });
  const webhook = { CONVERSATIONS_BOT_WEBHOOK_URL: "https://bot.example.com", CONVERSATIONS_BOT_WEBHOOK_SECRET: SECRET };
  const own = loadConfig({ ...STORES, CONVERSATIONS_BOT_USER_ID: "70", CONVERSATIONS_BOT_NAME: "Ada", ...webhook }).bot;
  expect(own).toEqual({ userId: 70, name: "Ada", brain: { receiver: { url: "https://bot.example.com", secret: SECRET } } });
  const either = "CONVERSATIONS_BOT_USER_ID needs either CONVERSATIONS_BOT_RULES or CONVERSATIONS_BOT_WEBHOOK_URL";
  expect(problemsOf({ CONVERSATIONS_BOT_USER_ID: "70" })).toEqual([either]);
  expect(problemsOf({ CONVERSATIONS_BOT_USER_ID: "70", CONVERSATIONS_BOT_RULES: RULES, ...webhook })).toEqual([either]);
  expect(problemsOf({ CONVERSATIONS_BOT_RULES: RULES })).toEqual(["CONVERSATIONS_BOT_USER_ID is missing: the user that the bot writes as"]);
});

test("everything that is wrong is named at once, in the rules too", () => {
  const file = fileURLToPath(new URL("../package.json", import.meta.url));
  const problems = problemsOf({
    CONVERSATIONS_BOT_USER_ID: "x",
    CONVERSATIONS_BOT_RULES: file,
    CONVERSATIONS_WEBHOOK_URL: "https://crm.example.com",
    JOBS_CONCURRENCY: "0",
  });
  expect(problems).toEqual(
    expect.arrayContaining([
      "CONVERSATIONS_BOT_USER_ID must be a whole number from 1 to 999999999999999",
      `CONVERSATIONS_BOT_RULES: ${file}: /dependencies is not known`,
      "CONVERSATIONS_WEBHOOK_URL and CONVERSATIONS_WEBHOOK_SECRET go together: one of them is missing",
      "JOBS_CONCURRENCY must be a whole number from 1 to 50",
    ]),
  );
  expect(problemsOf({ CONVERSATIONS_BOT_USER_ID: "70", CONVERSATIONS_BOT_RULES: "/nowhere.json" })).toEqual([
    "CONVERSATIONS_BOT_RULES: /nowhere.json cannot be read (ENOENT)",
  ]);
});
