/**
 * Verdicts about tokens, kept for a short time: verifying a signature costs some 10 µs (a public key's: up to 250), which is much of
 * a read that is answered from memory. Only what was taken is kept, under a digest of the whole text: a token that differs in
 * one character, also one that jose would take as the same, is verified by itself.
 */
import { hash } from "node:crypto";
import { Lru } from "@drawchat/runtime/lru";
import { CLOCK_TOLERANCE_SECONDS, type TokenVerifier, type Verdict } from "./token.ts";

export interface VerdictCacheOptions {
  /** Tokens kept, the longest unused go first. Default 20,000 (some 20 MB). */
  maxEntries?: number;
  /** How long a verdict is believed at most: a key that was withdrawn is noticed after it. Default 60,000. */
  maxAgeMs?: number;
  /** Unix ms; default the process's clock. */
  now?: () => number;
}

type Taken = Extract<Verdict, { kind: "ok" }>;

export interface CachedVerifier extends TokenVerifier {
  /** Unix ms until which a token is believed to be good without another look; undefined: `verify` tells. */
  believedUntilMs: (token: string) => number | undefined;
}

/** The same verdicts as the verifier's, never beyond the token's end. Never rejects. */
export function cacheVerdicts(verifier: TokenVerifier, options: VerdictCacheOptions = {}): CachedVerifier {
  const { maxEntries = 20_000, maxAgeMs = 60_000, now = Date.now } = options;
  const taken = new Lru<string, { verdict: Taken; believedUntilMs: number }>(maxEntries);
  const find = (digest: string) => {
    const known = taken.get(digest);
    return known !== undefined && now() < known.believedUntilMs ? known : undefined;
  };
  return {
    believedUntilMs: (token) => find(digestOf(token))?.believedUntilMs,
    verify: async (token) => {
      const digest = digestOf(token);
      const nowMs = now();
      const known = find(digest);
      if (known !== undefined) return known.verdict;
      const verdict = await verifier.verify(token);
      if (verdict.kind === "ok") {
        const endsMs = verdict.identity.expiresAtMs + CLOCK_TOLERANCE_SECONDS * 1_000;
        taken.set(digest, { verdict, believedUntilMs: Math.min(nowMs + maxAgeMs, endsMs) });
      } else taken.delete(digest);
      return verdict;
    },
  };
}

function digestOf(token: string): string {
  return hash("sha256", token, "base64");
}
