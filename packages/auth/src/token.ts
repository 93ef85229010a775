/**
 * Session tokens: JWTs, signed and judged by jose; a shared secret's HMAC is ours (hs256.ts). jose takes tokens that we do not
 * (without an end, ending in 10^292 years, a megabyte long, with a number as subject), so size, form and claims are checked here
 * as well.
 */
import { createSecretKey } from "node:crypto";
import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify, SignJWT } from "jose";
import { type Identity, identityOf, type Role } from "./claims.ts";
import type { TokenConfig } from "./config.ts";
import { verifyHs256 } from "./hs256.ts";

export type { Identity, Role } from "./claims.ts";

/** Longest token looked at, in bytes. */
export const MAX_TOKEN_BYTES = 4096;
/** How far clocks may differ: a token is taken so long beyond its end. */
export const CLOCK_TOLERANCE_SECONDS = 5;
const PUBLIC_KEY_ALGORITHMS = ["RS256", "ES256", "EdDSA"];
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** For a metric's or log's label. `keys_unavailable` is not the token's fault: the key server did not answer. */
export type RefusalReason =
  | "too_large"
  | "malformed"
  | "bad_algorithm"
  | "bad_signature"
  | "expired"
  | "not_yet_valid"
  | "lives_too_long"
  | "bad_claims"
  | "keys_unavailable";

export type Verdict = { kind: "ok"; identity: Identity } | { kind: "refused"; reason: RefusalReason };

export interface TokenVerifier {
  /** Never rejects. */
  verify: (token: string) => Promise<Verdict>;
}

/** Opens nothing until the first token; a JWKS is fetched then and kept (10 minutes, and again for an unknown key). */
export function createTokenVerifier(config: TokenConfig): TokenVerifier {
  const check = createSignatureCheck(config);
  return {
    verify: async (token) => {
      if (token.length > MAX_TOKEN_BYTES) return { kind: "refused", reason: "too_large" };
      if (!COMPACT_JWS.test(token)) return { kind: "refused", reason: "malformed" };
      try {
        return judge(await check(token), config);
      } catch (error) {
        return { kind: "refused", reason: reasonOf(error) };
      }
    },
  };
}

type SignatureCheck = (token: string) => JWTPayload | Promise<JWTPayload>;

function createSignatureCheck({ key, issuer, audience, maxAgeSeconds }: TokenConfig): SignatureCheck {
  const options: JWTVerifyOptions = {
    issuer,
    audience,
    requiredClaims: ["sub", "iat", "exp"],
    maxTokenAge: maxAgeSeconds, // also refuses an `iat` in the future
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };
  if (key.kind === "secret") {
    const secret = createSecretKey(key.secret);
    return (token) => verifyHs256(token, secret, options);
  }
  const keys = createRemoteJWKSet(key.url, { timeoutDuration: 3_000 });
  return async (token) => (await jwtVerify(token, keys, { ...options, algorithms: PUBLIC_KEY_ALGORITHMS })).payload;
}

function judge(claims: JWTPayload, { maxAgeSeconds }: TokenConfig): Verdict {
  const identity = identityOf(claims);
  if (identity === undefined) return { kind: "refused", reason: "bad_claims" };
  if (identity.expiresAtMs - identity.issuedAtMs > maxAgeSeconds * 1000) return { kind: "refused", reason: "lives_too_long" };
  return { kind: "ok", identity };
}

function reasonOf(error: unknown): RefusalReason {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.reason === "check_failed" && (error.claim === "nbf" || error.claim === "iat") ? "not_yet_valid" : "bad_claims";
  if (error instanceof errors.JOSEAlgNotAllowed) return "bad_algorithm";
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) return "bad_signature";
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid || error instanceof errors.JOSENotSupported)
    return "malformed";
  // A timeout or a failed fetch of the keys, or an answer that holds none.
  return "keys_unavailable";
}

export interface TokenRequest {
  userId: number;
  username: string;
  profilePic?: string | null;
  roles?: readonly Role[];
  /** Lifetime in seconds; negative: a token that ended so long ago. */
  expiresInSeconds: number;
  /** Default: now. */
  nowMs?: number;
}

/** Signs with HS256. Only for a configuration with a secret: identity providers sign with their own keys. */
export async function signToken(config: TokenConfig, request: TokenRequest): Promise<string> {
  if (config.key.kind !== "secret") throw new Error("tokens are signed by the identity provider (JWT_JWKS_URL is set)");
  const now = Math.floor((request.nowMs ?? Date.now()) / 1000);
  const expiresAt = now + request.expiresInSeconds;
  return await new SignJWT({
    username: request.username,
    ...(request.profilePic == null ? {} : { profile_pic: request.profilePic }),
    roles: request.roles ?? [],
  })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(String(request.userId))
    .setIssuer(config.issuer)
    .setAudience(config.audience)
    .setIssuedAt(Math.min(now, expiresAt - 60))
    .setExpirationTime(expiresAt)
    .sign(createSecretKey(config.key.secret));
}
