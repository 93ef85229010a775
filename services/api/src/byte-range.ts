/** `Range` of RFC 9110, as far as it is served: one range of bytes. */
import type { ByteRange } from "@drawchat/files/store";

/**
 * Undefined: the whole is to be sent, since none is asked for or not in a form that is known. `unsatisfiable`: none of it is
 * there, or there are several, which only tools that mean harm ask for.
 */
export function readByteRange(header: string | undefined, sizeBytes: number): ByteRange | "unsatisfiable" | undefined {
  if (header === undefined || !/^bytes=/i.test(header)) return undefined;
  if (header.includes(",")) return "unsatisfiable";
  const [, from = "", to = ""] = /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(header) ?? [];
  const last = sizeBytes - 1;
  if (from === "") {
    if (to === "") return undefined;
    return Number(to) === 0 ? "unsatisfiable" : { start: Math.max(0, sizeBytes - Number(to)), end: last };
  }
  if (to !== "" && Number(to) < Number(from)) return undefined;
  return Number(from) > last ? "unsatisfiable" : { start: Number(from), end: to === "" ? last : Math.min(Number(to), last) };
}
