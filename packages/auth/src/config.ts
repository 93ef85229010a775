/** Which tokens a process takes: the JWT_* variables. */
import type { Env } from "@drawchat/runtime/env";
import { readNodeEnv } from "@drawchat/runtime/settings";

/** HS256 with a shared secret, or public keys of an identity provider. */
export type TokenKey = { readonly kind: "secret"; readonly secret: Uint8Array } | { readonly kind: "jwks"; readonly url: URL };

export interface TokenConfig {
  readonly key: TokenKey;
  readonly issuer: string;
  readonly audience: string;
  readonly maxAgeSeconds: number; // longest lifetime (exp - iat) a token may have
}

export const MIN_SECRET_BYTES = 32;

/** Words that stand in secrets of examples; such a secret is known to everybody. */
const KNOWN = /change.?me|replace.?me|example|insecure|demo|drawchat|your.+secret|^(.)\1*$/i;

/** Reads the variables; what is wrong with them becomes a problem of `env`. */
export function readTokenConfig(env: Env): TokenConfig {
  const config = {
    key: readKey(env),
    issuer: env.text("JWT_ISSUER", "drawchat"),
    audience: env.text("JWT_AUDIENCE", "drawchat"),
    maxAgeSeconds: env.int("JWT_MAX_AGE", 86_400, { min: 60, max: 31_536_000 }),
  };
  return config;
}

function readKey(env: Env): TokenKey {
  const isProduction = readNodeEnv(env) === "production";
  const jwksUrl = env.optional("JWT_JWKS_URL");
  const secret = env.optional("JWT_SECRET");
  if (jwksUrl !== undefined && secret !== undefined) env.problem("JWT_SECRET and JWT_JWKS_URL are both set: keep one");
  if (jwksUrl !== undefined) return { kind: "jwks", url: readJwksUrl(env, jwksUrl, isProduction) };
  if (secret === undefined)
    env.problem(`JWT_SECRET is missing: at least ${MIN_SECRET_BYTES} random bytes (openssl rand -base64 48), or set JWT_JWKS_URL`);
  else checkSecret(env, secret, isProduction);
  return { kind: "secret", secret: new TextEncoder().encode(secret ?? "") };
}

function checkSecret(env: Env, secret: string, isProduction: boolean): void {
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) env.problem(`JWT_SECRET is shorter than ${MIN_SECRET_BYTES} bytes`);
  else if (isProduction && (KNOWN.test(secret) || new Set(secret).size < 8))
    env.problem("JWT_SECRET is a known example: make one of your own (openssl rand -base64 48)");
}

/** Keys that came over plain HTTP could be anybody's. */
function readJwksUrl(env: Env, text: string, isProduction: boolean): URL {
  const url = URL.parse(text);
  if (url?.protocol === "https:" || (url?.protocol === "http:" && !isProduction)) return url;
  env.problem(`JWT_JWKS_URL must be an https:// URL${isProduction ? "" : " (http:// only outside production)"}`);
  return new URL("https://invalid.invalid/");
}
