/** Client ids of what happens once by its nature: whoever does it again does it under the same id. */
import { hash } from "node:crypto";

/** A UUID (version 8) that only these words make. */
export function derivedClientId(...words: readonly (string | number)[]): string {
  const hex = hash("sha256", words.join(" "), "hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
