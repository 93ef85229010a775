/** The rules of the bot: a JSON file, described in docs/bot.md, checked whole when the process starts. */
import { CONVERSATION_TEXT, cleanText } from "@drawchat/protocol/text";
import { canonicalTimeZone } from "@drawchat/schedule/draw-config";
import { type OpeningHours, type OpenSpan, parseOpenSpan, WEEKDAYS, type Weekday } from "@drawchat/schedule/opening-hours";
import Type, { type Static } from "typebox";
import Compile from "typebox/compile";
import { type Words, wordsOf } from "./keywords.ts";

const strict = { additionalProperties: false };
const Text = Type.String();
const Keywords = Type.Array(Type.String(), { minItems: 1, maxItems: 200 });
const Spans = Type.Optional(Type.Array(Type.String(), { maxItems: 10 }));
const Days = Type.Object(
  { monday: Spans, tuesday: Spans, wednesday: Spans, thursday: Spans, friday: Spans, saturday: Spans, sunday: Spans },
  strict,
);

const RulesFile = Type.Object(
  {
    greeting: Type.Optional(Text),
    fallback: Type.Optional(Text),
    answers: Type.Optional(Type.Array(Type.Object({ keywords: Keywords, answer: Text }, strict), { maxItems: 1_000 })),
    hand_off: Type.Optional(Type.Object({ keywords: Keywords, answer: Text, closed_answer: Type.Optional(Text) }, strict)),
    opening_hours: Type.Optional(Type.Object({ time_zone: Type.String(), days: Days, closed_answer: Text }, strict)),
  },
  strict,
);
type RulesFile = Static<typeof RulesFile>;
const rulesFile = Compile(RulesFile);

export interface KeywordAnswer {
  readonly keywords: readonly Words[];
  readonly answer: string;
}

export interface BotRules {
  /** To the first message of a conversation that no keyword answers. */
  readonly greeting: string | undefined;
  /** To any other that no keyword answers. */
  readonly fallback: string | undefined;
  /** The first that matches answers. */
  readonly answers: readonly KeywordAnswer[];
  /** Before all others. */
  readonly handOff: (KeywordAnswer & { readonly closedAnswer: string | undefined }) | undefined;
  /** Outside of them `closedAnswer` stands for greeting and fallback. */
  readonly openingHours: (OpeningHours & { readonly closedAnswer: string }) | undefined;
}

/** Tells every problem of the file to `onProblem`, each with its place in it. Undefined where there was one. */
export function parseBotRules(json: string, onProblem: (problem: string) => void): BotRules | undefined {
  let problems = 0;
  const tell = (problem: string) => {
    problems += 1;
    onProblem(problem);
  };
  const file = parseFile(json, tell);
  const rules = file && toRules(file, tell);
  return problems === 0 ? rules : undefined;
}

type Tell = (problem: string) => void;

function parseFile(json: string, tell: Tell): RulesFile | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    tell("is not JSON");
    return undefined;
  }
  if (rulesFile.Check(value)) return value;
  for (const { keyword, instancePath, message } of rulesFile.Errors(value)) {
    if (keyword === "additionalProperties") continue; // told for the property itself
    tell(`${instancePath || "/"} ${keyword === "boolean" ? "is not known" : message}`);
  }
  return undefined;
}

function toRules({ greeting, fallback, answers = [], hand_off, opening_hours }: RulesFile, tell: Tell): BotRules {
  const text = (path: string, raw: string | undefined) => (raw === undefined ? undefined : toText(path, raw, tell));
  return {
    greeting: text("/greeting", greeting),
    fallback: text("/fallback", fallback),
    answers: answers.map((one, i) => toKeywordAnswer(`/answers/${i}`, one, tell)),
    handOff: hand_off && {
      ...toKeywordAnswer("/hand_off", hand_off, tell),
      closedAnswer: text("/hand_off/closed_answer", hand_off.closed_answer),
    },
    openingHours: opening_hours && toOpeningHours(opening_hours, tell),
  };
}

function toKeywordAnswer(path: string, { keywords, answer }: { keywords: string[]; answer: string }, tell: Tell): KeywordAnswer {
  const words = keywords.map(wordsOf);
  words.forEach((one, i) => {
    if (one.trim() === "") tell(`${path}/keywords/${i} has no word in it`);
  });
  return { keywords: words, answer: toText(`${path}/answer`, answer, tell) };
}

/** As it may be sent: the rules for everybody's messages. */
function toText(path: string, raw: string, tell: Tell): string {
  const cleaned = cleanText(raw, CONVERSATION_TEXT);
  if (cleaned.ok) return cleaned.text;
  tell(`${path} cannot be sent: ${cleaned.code}`);
  return "";
}

function toOpeningHours({ time_zone, days, closed_answer }: NonNullable<RulesFile["opening_hours"]>, tell: Tell) {
  const timeZone = canonicalTimeZone(time_zone);
  if (timeZone === undefined) tell("/opening_hours/time_zone must be an IANA time zone, such as Europe/Berlin");
  const spans = WEEKDAYS.map((day): [Weekday, OpenSpan[]] => [day, toSpans(day, days[day] ?? [], tell)]);
  const closedAnswer = toText("/opening_hours/closed_answer", closed_answer, tell);
  return { timeZone: timeZone ?? "UTC", days: new Map(spans), closedAnswer };
}

function toSpans(day: Weekday, texts: readonly string[], tell: Tell): OpenSpan[] {
  return texts.flatMap((text, i) => {
    const span = parseOpenSpan(text);
    if (span === undefined) tell(`/opening_hours/days/${day}/${i} must be like 09:00-17:00, the end after the beginning`);
    return span ?? [];
  });
}
