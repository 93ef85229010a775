import { expect, test } from "vitest";
import { ConfigError, Env } from "./env.ts";
import { readLiveChatSettings } from "./settings.ts";

function problemsOf(source: Record<string, string>): readonly string[] {
  const env = new Env(source);
  readLiveChatSettings(env);
  try {
    env.finish();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test("the defaults hold", () => {
  expect(problemsOf({})).toEqual([]);
  expect(readLiveChatSettings(new Env({}))).toEqual({
    enabled: true,
    preDrawHours: 1,
    postDrawHours: 1,
    maxMessagesPerUserPerMinute: 10,
    messageHistoryLimit: 100,
    sampleAbovePerSecond: 0,
    waitBeforeOpenMinutes: 15,
  });
});

test("every bad and every unknown variable is named at once", () => {
  const problems = problemsOf({
    LIVE_CHAT_ENABLED: "maybe",
    LIVE_CHAT_PRE_DRAW_HOURS: "-1",
    LIVE_CHAT_POST_DRAW_HOURS: "NaN",
    LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "1e9",
    LIVE_CHAT_MESSAGE_HISTORY_LIMIT: "0",
    LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND: "0.5",
    LIVE_CHAT_ENABLE: "true",
  });
  expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
    "LIVE_CHAT_ENABLED",
    "LIVE_CHAT_PRE_DRAW_HOURS",
    "LIVE_CHAT_POST_DRAW_HOURS",
    "LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE",
    "LIVE_CHAT_MESSAGE_HISTORY_LIMIT",
    "LIVE_CHAT_SAMPLE_ABOVE_PER_SECOND",
    "LIVE_CHAT_ENABLE",
  ]);
});

test("a window of no length is refused", () => {
  expect(problemsOf({ LIVE_CHAT_PRE_DRAW_HOURS: "0", LIVE_CHAT_POST_DRAW_HOURS: "0" })).toHaveLength(1);
  expect(problemsOf({ LIVE_CHAT_PRE_DRAW_HOURS: "0" })).toEqual([]);
});
