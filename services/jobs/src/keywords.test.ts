import { expect, test } from "vitest";
import { hasKeyword, wordsOf } from "./keywords.ts";

const isIn = (keyword: string, text: string) => hasKeyword(wordsOf(text), wordsOf(keyword));

test.each([
  ["human", "A HUMAN, please!"],
  ["human", "human"],
  ["café", "is the CAFE open?"],
  ["cafe", "le Café\u0301 d'en face"],
  ["strasse", "In welcher Straße?"],
  ["Öffnungszeiten", "offnungszeiten"],
  ["ώρες", "ΩΡΕΣ ΛΕΙΤΟΥΡΓΙΑΣ"],
  ["ёлка", "ЕЛКА"],
  ["оператор", "Оператор!"],
  ["İstanbul", "istanbul"],
  ["opening hours", "what are your Opening   Hours?"],
  ["人間", "人間と話したいです"],
  ["ガイド", "ガイドをください"],
  ["ガイド", "ｶﾞｲﾄﾞ"],
  ["مساعدة", "أريد مُسَاعَدَة"],
  ["עזרה", "אני צריך עזרה"],
  ["मदद", "मुझे मदद चाहिए"],
  ["ราคา", "ราคาเท่าไหร่"],
  ["24", "open 24 hours"],
])("%j is in %j", (keyword, text) => {
  expect(isIn(keyword, text)).toBe(true);
});

test.each([
  ["art", "start the party"],
  ["human", "humane"],
  ["opening hours", "opening in two hours"],
  ["hours opening", "opening hours"],
  ["かいと", "ガイド"],
  ["दम", "दाम"],
  ["!!", "really!!"],
  ["", "anything"],
])("%j is not in %j", (keyword, text) => {
  expect(isIn(keyword, text)).toBe(false);
});
