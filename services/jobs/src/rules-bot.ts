/** The bot that answers by its rules alone: the same question at the same hour has the same answer. */
import { isOpenAt } from "@drawchat/schedule/opening-hours";
import type { BotAnswer } from "./bot-answer.ts";
import type { BotRules, KeywordAnswer } from "./bot-rules.ts";
import { hasKeyword, type Words, wordsOf } from "./keywords.ts";

export interface Question {
  readonly text: string;
  /** Nobody but the bot has said anything in the conversation before. */
  readonly isFirst: boolean;
}

/** By the first of these that fits: hand-off words, answers in their order, closed, greeting, fallback. */
export function answerByRules(
  { handOff, answers, openingHours, greeting, fallback }: BotRules,
  question: Question,
  nowMs: number,
): BotAnswer {
  const words = wordsOf(question.text);
  const isClosed = openingHours !== undefined && !isOpenAt(openingHours, nowMs);
  if (handOff !== undefined && isAbout(handOff, words)) {
    return { reply: isClosed ? (handOff.closedAnswer ?? handOff.answer) : handOff.answer, handsOff: true };
  }
  const otherwise = isClosed ? openingHours.closedAnswer : question.isFirst ? (greeting ?? fallback) : fallback;
  return { reply: answers.find((one) => isAbout(one, words))?.answer ?? otherwise, handsOff: false };
}

function isAbout({ keywords }: KeywordAnswer, words: Words): boolean {
  return keywords.some((keyword) => hasKeyword(words, keyword));
}
