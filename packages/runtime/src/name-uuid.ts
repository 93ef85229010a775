/** UUIDs made from names: what is done again under the same name is recognised as the same. */
import { createHash } from "node:crypto";

/** The same UUID for the same name, always (version 8: of our own making). */
export function uuidOf(name: string): string {
  const digest = createHash("sha256").update(name).digest();
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
