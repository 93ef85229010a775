/** The lexical grammar of PDF, as far as names must be told from what only looks like them: strings and comments. */

export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: "name"; readonly name: string } // without the slash, `#4a` decoded
  | { readonly kind: "word"; readonly word: string } // a number or keyword
  | { readonly kind: "mark"; readonly mark: string } // << >> [ ] { }
  | { readonly kind: "string" }
);

/** White space; comment; name; mark; hexadecimal string; word; the beginning of a string; what fits nowhere. */
const TOKEN = /[\0\t\n\f\r ]+|%[^\r\n]*|\/([^\0\t\n\f\r ()<>[\]{}/%]*)|(<<|>>|[[\]{}])|<[^>]*>|([^\0\t\n\f\r ()<>[\]{}/%]+)|(\()|[\s\S]/y;

/** From `start` on; the caller stops where it has seen enough. The text is the bytes, one a character. */
export function* tokensOf(text: string, start: number): Generator<Token> {
  for (let at = start; at < text.length; ) {
    TOKEN.lastIndex = at;
    const [whole = "", name, mark, word, paren] = TOKEN.exec(text) ?? [];
    const end = paren === undefined ? at + Math.max(1, whole.length) : endOfString(text, at);
    if (name !== undefined) yield { kind: "name", name: decoded(name), at, end };
    else if (mark !== undefined) yield { kind: "mark", mark, at, end };
    else if (word !== undefined) yield { kind: "word", word, at, end };
    else if (paren !== undefined || whole.startsWith("<")) yield { kind: "string", at, end };
    at = end;
  }
}

function decoded(name: string): string {
  return name.includes("#") ? name.replace(/#([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : name;
}

const IN_STRING = /\\[\s\S]|[()]/g;

/** Behind the parenthesis that closes the one at `start`; the end of the text where none does. */
function endOfString(text: string, start: number): number {
  IN_STRING.lastIndex = start;
  for (let depth = 0; ; ) {
    const found = IN_STRING.exec(text);
    if (found === null) return text.length;
    if (found[0] === "(") depth += 1;
    else if (found[0] === ")") depth -= 1;
    if (depth === 0) return IN_STRING.lastIndex;
  }
}
