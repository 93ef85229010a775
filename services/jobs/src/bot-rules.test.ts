import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type BotRules, parseBotRules } from "./bot-rules.ts";
import { answerByRules } from "./rules-bot.ts";

const WEEK = { monday: ["09:00-17:00"], friday: ["09:00-12:00", "13:00-24:00"] };
const FILE = {
  greeting: "Hello!",
  fallback: "Pardon?",
  answers: [
    { keywords: ["price", "Preis"], answer: "Ten." },
    { keywords: ["price list", "opening hours"], answer: "From nine." },
  ],
  hand_off: { keywords: ["human", "Mensch"], answer: "One moment.", closed_answer: "Tomorrow." },
  opening_hours: { time_zone: "Europe/Berlin", days: WEEK, closed_answer: "Closed." },
};
const OPEN_MS = Date.parse("2026-01-05T10:00:00Z"); // a Monday
const CLOSED_MS = Date.parse("2026-01-05T16:00:00Z"); // 17:00 there

function rulesOf(file: unknown): BotRules {
  const rules = parseBotRules(JSON.stringify(file), (problem) => {
    throw new Error(problem);
  });
  if (rules === undefined) throw new Error("no rules");
  return rules;
}

function problemsOf(file: unknown): string[] {
  const problems: string[] = [];
  const rules = parseBotRules(typeof file === "string" ? file : JSON.stringify(file), (problem) => problems.push(problem));
  expect(rules === undefined).toBe(problems.length > 0);
  return problems;
}

const ask = (text: string, { file = FILE, isFirst = false, nowMs = OPEN_MS }: { file?: object; isFirst?: boolean; nowMs?: number } = {}) =>
  answerByRules(rulesOf(file), { text, isFirst }, nowMs);

test.each([
  ["what is the PRICE?", { reply: "Ten.", handsOff: false }],
  ["Opening-hours?", { reply: "From nine.", handsOff: false }],
  ["the price list", { reply: "Ten.", handsOff: false }], // the first that matches
  ["a human, not the price", { reply: "One moment.", handsOff: true }],
  ["blue", { reply: "Pardon?", handsOff: false }],
])("%j is answered %j", (text, answer) => {
  expect(ask(text)).toEqual(answer);
});

test("the first message is greeted where no keyword answers it", () => {
  expect(ask("good morning", { isFirst: true }).reply).toBe("Hello!");
  expect(ask("price", { isFirst: true }).reply).toBe("Ten.");
});

test("outside of the opening hours keywords are answered, the rest is told so, and a hand-off says when", () => {
  const closed = { nowMs: CLOSED_MS };
  expect([ask("price", closed).reply, ask("blue", closed).reply, ask("hi", { ...closed, isFirst: true }).reply]).toEqual([
    "Ten.",
    "Closed.",
    "Closed.",
  ]);
  expect(ask("human", closed)).toEqual({ reply: "Tomorrow.", handsOff: true });
});

test("an empty file is a bot that says nothing", () => {
  expect(ask("hello", { file: {}, isFirst: true })).toEqual({ reply: undefined, handsOff: false });
  expect(ask("hello", { file: { fallback: "Yes?" }, isFirst: true }).reply).toBe("Yes?");
  expect(
    ask("human", { file: { hand_off: { keywords: ["human"], answer: "Yes." }, opening_hours: FILE.opening_hours }, nowMs: CLOSED_MS })
      .reply,
  ).toBe("Yes.");
});

test("the rules that come with drawchat are sound, and hand off in many languages", () => {
  const file: unknown = JSON.parse(readFileSync(new URL("../../../infra/bot/rules.json", import.meta.url), "utf8"));
  const rules = rulesOf(file);
  for (const text of [
    "A human please",
    "bitte einen MENSCHEN? nein: Mensch",
    "un humain",
    "θέλω άνθρωπο: ΑΝΘΡΩΠΟΣ",
    "Позовите оператор",
    "人間と話したい",
    "أريد إنسان",
  ]) {
    expect([text, answerByRules(rules, { text, isFirst: false }, OPEN_MS).handsOff]).toEqual([text, true]);
  }
});

test("everything that is wrong with a file is told at once, with its place", () => {
  expect(problemsOf("{")).toEqual(["is not JSON"]);
  expect(problemsOf([])).toEqual(["/ must be object"]);
  expect(
    problemsOf({ greeting: 1, fallbak: "x", answers: [{ keywords: [], answer: "y", more: 1 }], hand_off: { keywords: ["z"] } }),
  ).toEqual(
    expect.arrayContaining([
      "/greeting must be string",
      "/fallbak is not known",
      "/answers/0/keywords must not have fewer than 1 items",
      "/answers/0/more is not known",
      expect.stringContaining("/hand_off must have required"),
    ]),
  );
  const days = { monday: ["9-17", "17:00-09:00"] };
  expect(
    problemsOf({
      greeting: " \u200b ",
      fallback: "x".repeat(2_001),
      answers: [{ keywords: ["!?"], answer: "y" }],
      opening_hours: { time_zone: "Mars/Olympus", days, closed_answer: "z" },
    }),
  ).toEqual([
    "/greeting cannot be sent: empty_message",
    "/fallback cannot be sent: too_long",
    "/answers/0/keywords/0 has no word in it",
    "/opening_hours/time_zone must be an IANA time zone, such as Europe/Berlin",
    "/opening_hours/days/monday/0 must be like 09:00-17:00, the end after the beginning",
    "/opening_hours/days/monday/1 must be like 09:00-17:00, the end after the beginning",
  ]);
});
