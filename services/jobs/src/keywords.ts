/**
 * Finding words in what people write. Case and accents do not count ("CAFÉ" is "cafe", "Straße" is "strasse", "ёлка" is
 * "елка"), and only whole words do: "art" is not in "start". Words of scripts without spaces come from a dictionary.
 */

/** Accents of Latin, Greek, Cyrillic, vowel signs of Arabic and Hebrew. Not those that make another letter in Japanese. */
const ACCENTS = /[[\p{Mn}&&[\p{Script=Inherited}\p{Script=Hebrew}]]--[\u3099\u309A]]/gv;
const segmenter = new Intl.Segmenter("en", { granularity: "word" });

/** A text as its words, folded, with one blank around each. */
export type Words = string;

export function wordsOf(text: string): Words {
  const folded = text.normalize("NFKD").replace(ACCENTS, "").toUpperCase().toLowerCase().normalize("NFC");
  const words = [...segmenter.segment(folded)].filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment);
  return ` ${words.join(" ")} `;
}

/** Whether the words of a keyword, one or more, stand in the text in this order beside each other. */
export function hasKeyword(text: Words, keyword: Words): boolean {
  return keyword.trim() !== "" && text.includes(keyword);
}
