/** Lines as a draw night has them: mostly short, some only emoji, some long, some in other scripts. */
import type { Seeded } from "./seeded.ts";

const SHORT = [
  "good luck everybody",
  "hi from the north",
  "here we go",
  "come on, number 7",
  "is it on yet?",
  "first time here",
  "my heart",
  "no way",
  "so close",
  "one number off, again",
  "congratulations!",
  "who has the 42?",
  "sound is fine here",
  "next week then",
  "lol",
  "same",
  "wow",
];
const EMOJI = ["🍀", "🍀🍀🍀", "🎉🎉🎉🎉🎉", "😭😭", "👏👏👏", "❤️", "👨‍👩‍👧‍👦🤞", "🤞🏽🤞🏽", "🇬🇷 🇮🇹 🇵🇹", "😂😂😂😂😂😂😂😂😂😂"];
const SCRIPTS = [
  "Καλή τύχη σε όλους!",
  "удачи всем сегодня",
  "みなさん、がんばって",
  "祝大家好运，今晚一定中",
  "حظا سعيدا للجميع",
  "행운을 빌어요",
  "bonne chance à tous, ça y est",
  "viel Glück, schöne Grüße aus Köln",
  "सभी को शुभकामनाएँ",
];
const CLAUSES = [
  "I have played the same numbers since my daughter was born",
  "if I win tonight the whole street gets ice cream",
  "last week I had four of them and the fifth was off by one",
  "my grandmother picked these numbers and she is never wrong",
  "the picture stops here now and then but the chat is fine",
  "does anybody know when the result is on the page",
  'they said "after the news" and the news is over',
];

/** What is said in long lines goes on like this: quotes, backslashes and newlines are what JSON escapes. */
const JOINTS = [", and ", "; ", " … ", "\n", " \\o/ "];
const MAX_CLAUSES = 6;

/** Two in three are short; at most some 400 characters, so that a mark fits in front. */
export function chatLine(random: Seeded): string {
  const kind = random.next();
  if (kind < 0.62) return random.pick(SHORT);
  if (kind < 0.8) return random.pick(EMOJI);
  if (kind < 0.9) return random.pick(SCRIPTS);
  let line = random.pick(CLAUSES);
  for (let clauses = 1 + random.below(MAX_CLAUSES); clauses > 1; clauses -= 1) line += random.pick(JOINTS) + random.pick(CLAUSES);
  return line;
}
