/** The name that a file came with, as a label to show. No path is ever made of it. */
import type { FileKind } from "./kind.ts";

const MAX_CHARS = 100;
const UNNAMED = "file";
/** Marks that turn the direction of text, controls, format characters, what could not be decoded. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\u{fffd}]/gu;
/** What some system takes for more than a letter of a name. */
const RESERVED = /[<>:|?*]/g;
const DEVICES = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;

/**
 * At most 100 code points, ending in an extension of the kind: `invoice.exe` that is a PDF becomes `invoice.exe.pdf`.
 * Absent, empty after cleaning, or with a quote in it (only an escape brings one in, and parsers read those differently):
 * `file` with the extension.
 */
export function cleanFileName(raw: string | undefined, { extensions }: FileKind): string {
  const name = raw === undefined || raw.includes('"') ? "" : cleaned(raw);
  const found = extensions.find((extension) => name.toLowerCase().endsWith(`.${extension}`));
  const stem = found === undefined ? name : name.slice(0, -(found.length + 1));
  const extension = found === undefined ? extensions[0] : name.slice(-found.length);
  const kept = [...(stem || UNNAMED)].slice(0, MAX_CHARS - extension.length - 1).join("");
  return `${kept}.${extension}`;
}

function cleaned(raw: string): string {
  const last = raw.slice(Math.max(raw.lastIndexOf("/"), raw.lastIndexOf("\\")) + 1);
  const name = last
    .toWellFormed()
    .normalize("NFC")
    .replace(UNSEEN, "")
    .replace(RESERVED, "_")
    .replace(/\s+/gu, " ")
    .replace(/^[. ]+|[. ]+$/g, "");
  return DEVICES.test(name) ? `_${name}` : name;
}
