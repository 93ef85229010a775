/** What a file is, by its content alone: what its sender calls it is a claim. */
import { fileTypeFromBuffer } from "file-type";

/** Sniffing looks at so many bytes of the beginning. */
export const SNIFFED_BYTES = 4_100;

export interface FileKind {
  readonly name: "png" | "jpeg" | "webp" | "gif" | "pdf";
  readonly contentType: string;
  /** Endings that a name of this kind may have; the first is put where there is none of them. */
  readonly extensions: readonly [string, ...string[]];
}

const PNG: FileKind = { name: "png", contentType: "image/png", extensions: ["png"] };
const PDF: FileKind = { name: "pdf", contentType: "application/pdf", extensions: ["pdf"] };
const KINDS: Readonly<Record<string, FileKind>> = {
  "image/png": PNG,
  "image/apng": PNG,
  "image/jpeg": { name: "jpeg", contentType: "image/jpeg", extensions: ["jpg", "jpeg"] },
  "image/webp": { name: "webp", contentType: "image/webp", extensions: ["webp"] },
  "image/gif": { name: "gif", contentType: "image/gif", extensions: ["gif"] },
  "application/pdf": PDF,
};

const PNG_SIGNATURE = "89504e470d0a1a0a";
const PDF_SIGNATURE = "%PDF-";

/** The kind of the file that begins with these bytes; undefined: none that is taken. */
export async function sniffKind(head: Buffer): Promise<FileKind | undefined> {
  // file-type walks a PNG's chunks and does not know a broken one, which is a bad image and not an unknown kind.
  if (head.toString("hex", 0, 8) === PNG_SIGNATURE) return PNG;
  const kind = KINDS[(await fileTypeFromBuffer(head))?.mime ?? ""];
  // It passes over what some put before a PDF (a byte order mark): then it is something else for somebody else.
  if (kind === PDF && head.toString("latin1", 0, PDF_SIGNATURE.length) !== PDF_SIGNATURE) return undefined;
  return kind;
}
