import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { demoBot } from "./demo-bot.ts";

test("development has a bot by the rules that come with drawchat", () => {
  const { CONVERSATIONS_BOT_RULES: rules = "", ...others } = demoBot({ CONVERSATIONS_BOT_NAME: "" });
  expect([existsSync(rules), others]).toEqual([true, { CONVERSATIONS_BOT_USER_ID: "900000000" }]);
});

test("production has none, nor whoever speaks of a bot in the settings", () => {
  expect(demoBot({ NODE_ENV: "production" })).toEqual({});
  expect(demoBot({ CONVERSATIONS_BOT_USER_ID: "7" })).toEqual({});
});
