import { expect, test } from "vitest";
import { CONVERSATION_TEXT, cleanText, LIVE_CHAT_TEXT } from "./text.ts";

function textOf(raw: string, limits = LIVE_CHAT_TEXT): string {
  const cleaned = cleanText(raw, limits);
  if (!cleaned.ok) throw new Error(`refused: ${cleaned.code}`);
  return cleaned.text;
}

function refusalOf(raw: string, limits = LIVE_CHAT_TEXT): string {
  const cleaned = cleanText(raw, limits);
  return cleaned.ok ? "accepted" : cleaned.code;
}

test.each([
  ["nothing", ""],
  ["spaces", "   "],
  ["line ends and tabs", "\r\n\t\n"],
  ["zero width space", "\u200B"],
  ["word joiner", "\u2060"],
  ["Hangul filler", "\u3164"],
  ["soft hyphen", "\u00AD"],
  ["empty Braille pattern", "\u2800"],
  ["Hangul choseong filler", "\u115F"],
  ["byte order mark", "\uFEFF"],
  ["variation selector", "\uFE0F"],
  ["tag characters", "\u{E0041}\u{E007F}"],
  ["bidi controls", "\u202E\u2066\u2069"],
  ["control characters", "\u0000\u0007\u009B"],
  ["several of them", " \u200B\u2060\u3164 \u00AD\u2800\u115F\n"],
])("a message of nothing but %s is empty", (_name, raw) => {
  expect(refusalOf(raw)).toBe("empty_message");
});

test("the length is counted in code points: 500 pass, 501 do not", () => {
  expect(textOf("x".repeat(500))).toHaveLength(500);
  expect(refusalOf("x".repeat(501))).toBe("too_long");
  expect(textOf("\u{1F600}".repeat(500))).toHaveLength(1_000);
  expect(refusalOf("\u{1F600}".repeat(501))).toBe("too_long");
});

test("in conversations 2,000 code points pass, and 6,000 bytes", () => {
  expect(textOf("x".repeat(2_000), CONVERSATION_TEXT)).toHaveLength(2_000);
  expect(refusalOf("x".repeat(2_001), CONVERSATION_TEXT)).toBe("too_long");
  expect(textOf("\u{1F600}".repeat(1_500), CONVERSATION_TEXT)).toHaveLength(3_000);
  expect(refusalOf("\u{1F600}".repeat(1_501), CONVERSATION_TEXT)).toBe("too_long");
});

test("what is trimmed and removed does not count", () => {
  expect(textOf(`  ${"x".repeat(500)}\u0000\u202E\n`)).toBe("x".repeat(500));
});

test("a text that grows beyond 2,000 bytes in NFC is too long", () => {
  const note = "\u{1D160}"; // one code point, three of four bytes each once normalized
  expect(textOf(note.repeat(166))).toBe(note.repeat(166));
  expect(refusalOf(note.repeat(167))).toBe("too_long");
});

test("controls are removed, a newline stays, a tab becomes a space", () => {
  expect(textOf("a\u0000b\u0007c\u007Fd\u0085e\u009Bf")).toBe("abcdef");
  expect(textOf("a\r\nb\nc\rd\te")).toBe("a\nb\ncd e");
  expect(textOf("\u001B[31mred\u001B[0m")).toBe("[31mred[0m");
});

test.each(["\uD800", "\uDC00", "a\uD83D", "\uDE00\uD83D"])("a lone surrogate is refused", (raw) => {
  expect(refusalOf(raw)).toBe("bad_text");
});

test("bidi overrides, embeddings and isolates are removed, the rest stays", () => {
  expect(textOf("a\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069b")).toBe("ab");
  expect(textOf("שלום עולם")).toBe("שלום עולם");
});

test("eight marks on a base pass, nine do not, also with joiners between them", () => {
  expect(textOf(`z${"\u0301".repeat(8)}a${"\u0301".repeat(8)}`)).toHaveLength(18);
  expect(refusalOf(`z${"\u0301".repeat(9)}`)).toBe("bad_text");
  expect(refusalOf(`z${"\u0301\u200D".repeat(9)}`)).toBe("bad_text");
});

test.each(["👨‍👩‍👧‍👦", "👩🏽‍🚀", "🏳️‍🌈", "é", "e\u0301", "नमस्ते", "ก็", "Ångström"])("%s passes byte for byte", (text) => {
  expect(textOf(text)).toBe(text);
});

test.each([
  "<script>alert(1)</script>",
  "[x](javascript:alert(1))",
  "'; DROP TABLE live_chat_messages; --",
  "return redis.call('FLUSHALL')",
  '{p07}:x $1 %s \\n \\u0000 "quoted"',
  "*1\n$8\nFLUSHALL",
])("markup and code are text: %s", (text) => {
  expect(textOf(text)).toBe(text);
});
