/**
 * Looks for what a PDF could do by itself: scripts, programs, files inside, forms that load or send. Nothing is rendered
 * and nothing but object streams is inflated, within bounds.
 *
 * Readers differ in where they look for objects, and a file may be made so that one of them looks where nobody else does.
 * So no table of the file is believed: whatever follows the word `obj`, wherever it stands (in a stream's bytes, say), and
 * whatever an object stream holds is read as an object. Too much is seen rather than too little.
 */
import { inflateSync } from "node:zlib";
import { ClientError } from "@drawchat/protocol/errors";
import { type Token, tokensOf } from "./pdf-tokens.ts";

const MAX_OBJECTS = 250_000;
const MAX_INFLATED_BYTES = 16 * 1024 * 1024; // of one object stream
const MAX_INFLATED_TOTAL_BYTES = 64 * 1024 * 1024;

/** Names that stand in an action, annotation, form or file specification that does more than show a page. */
const ACTIVE = new Set([
  ...["JavaScript", "JS", "Launch", "SubmitForm", "ImportData", "GoToE", "GoToR", "Rendition", "RichMedia", "AA", "XFA"],
  ...["EmbeddedFile", "EmbeddedFiles", "EF", "FileAttachment"],
]);
/** Words at which an object or trailer ends, if only by something else beginning. */
const ENDS = new Set(["endobj", "obj", "stream", "endstream", "trailer", "startxref"]);
const SPACE = "[\\0\\t\\n\\f\\r ]";
const REFERENCE = new RegExp(`^${SPACE}*(\\d{1,10})${SPACE}+\\d{1,5}${SPACE}+R`);

/** Throws `active_pdf`, or `bad_pdf`: encrypted, cut off, too large inside, or packed so that it cannot be looked into. */
export function scanPdf(bytes: Buffer): void {
  new PdfScan(bytes).run();
}

class PdfScan {
  readonly #bytes: Buffer;
  /** The bytes, one a character. */
  readonly #text: string;
  readonly #packed: { text: string; starts: readonly { number: number; at: number }[] }[] = [];
  /** Numbers of the objects that an OpenAction refers to. */
  readonly #opened = new Set<number>();
  #inflatedBytes = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#text = bytes.toString("latin1");
  }

  run(): void {
    if (!this.#text.startsWith("%PDF-") || !this.#text.includes("startxref")) throw new ClientError("bad_pdf");
    let objects = 0;
    for (const { index, 0: word } of this.#text.matchAll(/(?<!end)obj|trailer/g)) {
      objects += 1;
      if (objects > MAX_OBJECTS) throw new ClientError("bad_pdf");
      this.#readObject(index + word.length);
    }
    if (objects === 0) throw new ClientError("bad_pdf");
    for (const number of this.#opened) this.#expectDestination(number);
  }

  #readObject(start: number): void {
    const { names, end } = this.#readNames(this.#text, start);
    // These two keys make it an object stream for whoever reads one; its /Type is asked for nowhere.
    if (end?.word === "stream" && names.has("First") && names.has("N")) this.#readObjectStream(start, end.end);
  }

  /** Judges the names from `start` to the word that ends them. */
  #readNames(text: string, start: number): { names: Set<string>; end: (Token & { kind: "word" }) | undefined } {
    const names = new Set<string>();
    for (const token of tokensOf(text, start)) {
      if (token.kind === "word" && ENDS.has(token.word)) return { names, end: token };
      if (token.kind !== "name") continue;
      names.add(token.name);
      if (ACTIVE.has(token.name)) throw new ClientError("active_pdf");
      if (token.name === "Encrypt") throw new ClientError("bad_pdf");
      if (token.name === "OpenAction") this.#readOpenAction(text, token.end);
    }
    return { names, end: undefined };
  }

  /** A page to begin with is no action, and most office programs name one. */
  #readOpenAction(text: string, at: number): void {
    const reference = REFERENCE.exec(text.slice(at, at + 100))?.[1];
    if (reference !== undefined) this.#opened.add(Number(reference));
    else if (!isDestination(text, at)) throw new ClientError("active_pdf");
  }

  /** All objects of this number: which of them a reader takes is its own business. */
  #expectDestination(number: number): void {
    const definition = new RegExp(`(?<!\\d)0*${number}${SPACE}+\\d{1,5}${SPACE}+obj`, "g");
    const found = [...this.#text.matchAll(definition)].map(({ index, 0: { length } }) => isDestination(this.#text, index + length));
    for (const { text, starts } of this.#packed) {
      for (const start of starts) if (start.number === number) found.push(isDestination(text, start.at));
    }
    if (found.length === 0 || found.includes(false)) throw new ClientError("active_pdf");
  }

  #readObjectStream(dictionaryAt: number, end: number): void {
    const { isDeflated, first } = packingOf(this.#text, dictionaryAt);
    const at = end + (/^(\r\n|\n|\r)/.exec(this.#text.slice(end, end + 2))?.[0].length ?? 0);
    const text = isDeflated ? this.#inflate(at) : this.#text.slice(at, endOfStream(this.#text, at));
    this.#inflatedBytes += text.length;
    if (this.#inflatedBytes > MAX_INFLATED_TOTAL_BYTES) throw new ClientError("bad_pdf");
    const numbers = (/^[\d\0\t\n\f\r ]*/.exec(text)?.[0] ?? "").match(/\d+/g)?.map(Number) ?? [];
    const starts = numbers.flatMap((number, i) => (i % 2 === 0 ? [{ number, at: first + (numbers[i + 1] ?? 0) }] : []));
    this.#packed.push({ text, starts });
    // All of it, not only where the list says that objects begin; a word that ends an object ends nothing here.
    for (let next: number | undefined = 0; next !== undefined; ) next = this.#readNames(text, next).end?.end;
  }

  /** Deflated data ends by itself: no length is believed. */
  #inflate(at: number): string {
    try {
      return inflateSync(this.#bytes.subarray(at), { maxOutputLength: MAX_INFLATED_BYTES }).toString("latin1");
    } catch (cause) {
      throw new ClientError("bad_pdf", { cause }); // too large, cut off, or not deflated
    }
  }
}

/** `[ … ]`, `null`, or `<< /S /GoTo … >>`: a place in this document. */
function isDestination(text: string, at: number): boolean {
  let depth = 0;
  let last = "";
  for (const token of tokensOf(text, at)) {
    const mark = token.kind === "mark" ? token.mark : "";
    if (depth === 0 && mark !== "<<") return mark === "[" || (token.kind === "word" && token.word === "null");
    if (depth === 1 && last === "S") return token.kind === "name" && token.name === "GoTo";
    if (mark === "<<") depth += 1;
    if (mark === ">>") depth -= 1;
    if (depth === 0) return false;
    last = token.kind === "name" ? token.name : "";
  }
  return false;
}

/** How an object stream is packed, from its dictionary. Throws `bad_pdf` for any way but the one that programs use. */
function packingOf(text: string, at: number): { isDeflated: boolean; first: number } {
  const tokens: Token[] = [];
  for (const token of tokensOf(text, at)) {
    if (token.kind === "word" && token.word === "stream") break;
    tokens.push(token);
  }
  const after = (key: string) => {
    const found = tokens.findIndex((token) => token.kind === "name" && token.name === key);
    return found === -1 ? undefined : tokens.slice(found + 1, found + 4).map((token) => text.slice(token.at, token.end));
  };
  const filter = after("Filter")
    ?.join("")
    .replace(/^\[(\/\w+)\].*$/, "$1");
  const isDeflated = filter !== undefined && /^\/(FlateDecode|Fl)(?!\w)/.test(filter);
  if ((filter !== undefined && !isDeflated) || after("DecodeParms") !== undefined) throw new ClientError("bad_pdf");
  return { isDeflated, first: Number(after("First")?.[0]) };
}

function endOfStream(text: string, at: number): number {
  const found = text.indexOf("endstream", at);
  return found === -1 ? text.length : found;
}
