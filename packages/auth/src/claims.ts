/** From the claims of a verified token to an identity: copied one by one with type checks, nothing else passes. */
import { parseId } from "@drawchat/protocol/ids";

export const ROLES = ["host", "moderator", "admin", "agent", "bot"] as const;
export type Role = (typeof ROLES)[number];

/** Who someone is, for as long as the token lives. Whatever a frame says about these, this wins. */
export interface Identity {
  readonly userId: number;
  readonly username: string; // 1-100 code points, without control, bidi or zero-width characters
  readonly profilePic: string | null; // an http(s) URL
  readonly roles: readonly Role[];
  readonly isHost: boolean;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** Most people have none: one list for all of them. */
const NO_ROLES: readonly Role[] = [];
const MAX_USERNAME_CHARS = 100;
const MAX_PROFILE_PIC_CHARS = 2048;

/** Undefined where `sub`, `iat` or `exp` are not what they must be; other bad claims fall back to a harmless value. */
export function identityOf(claims: Readonly<Record<string, unknown>>): Identity | undefined {
  const userId = typeof claims.sub === "string" ? parseId(claims.sub) : undefined;
  const issuedAtMs = milliseconds(claims.iat);
  const expiresAtMs = milliseconds(claims.exp);
  if (userId === undefined || issuedAtMs === undefined || expiresAtMs === undefined) return undefined;
  const roles = readRoles(claims.roles);
  return {
    userId,
    username: cleanUsername(claims.username) ?? `user${userId}`,
    profilePic: readProfilePic(claims.profile_pic),
    roles,
    isHost: roles.includes("host"),
    issuedAtMs,
    expiresAtMs,
  };
}

/**
 * A name that looks like what it is: no control characters, no marks that turn the direction of text, nothing of zero
 * width. Undefined where nothing or more than 100 code points are left.
 */
export function cleanUsername(claim: unknown): string | undefined {
  if (typeof claim !== "string" || claim.length > 16 * MAX_USERNAME_CHARS) return undefined;
  const cleaned = claim
    .toWellFormed()
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{fffd}]/gu, "")
    .replace(/\s+/gu, " ")
    .trim();
  const chars = [...cleaned].length;
  return chars >= 1 && chars <= MAX_USERNAME_CHARS ? cleaned : undefined;
}

/** An http(s) URL as it was given; null for anything else. */
export function readProfilePic(claim: unknown): string | null {
  if (typeof claim !== "string" || claim.length > MAX_PROFILE_PIC_CHARS || /[\s\p{C}<>"]/u.test(claim)) return null;
  const url = URL.parse(claim);
  return url?.protocol === "https:" || url?.protocol === "http:" ? claim : null;
}

function readRoles(claim: unknown): readonly Role[] {
  return Array.isArray(claim) && claim.length > 0 ? ROLES.filter((role) => claim.includes(role)) : NO_ROLES;
}

/** Seconds since 1970, whole or not, to whole milliseconds. */
function milliseconds(claim: unknown): number | undefined {
  if (typeof claim !== "number") return undefined;
  const ms = Math.floor(claim * 1000);
  return Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined;
}
