import { createHmac, createSecretKey, generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, SignJWT } from "jose";
import { afterAll, expect, test } from "vitest";
import type { TokenConfig } from "./config.ts";
import { createTokenVerifier, type RefusalReason, signToken } from "./token.ts";

const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
const config: TokenConfig = { key: { kind: "secret", secret }, issuer: "drawchat", audience: "drawchat", maxAgeSeconds: 86_400 };
const { verify } = createTokenVerifier(config);
const now = () => Math.floor(Date.now() / 1000);
const good = () => ({ iss: "drawchat", aud: "drawchat", sub: "7", iat: now(), exp: now() + 600, username: "ann" });

const encode = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Signs whatever it is given, right or wrong: jose would not. */
function raw(payload: unknown, header: unknown = { alg: "HS256" }, hash = "sha256"): string {
  const body = `${encode(header)}.${encode(payload)}`;
  return `${body}.${createHmac(hash, secret).update(body).digest("base64url")}`;
}

function without(name: string): Record<string, unknown> {
  const claims: Record<string, unknown> = good();
  delete claims[name];
  return claims;
}

const refused: [string, () => string, RefusalReason][] = [
  ["nothing", () => "", "malformed"],
  ["a word", () => "token", "malformed"],
  ["over 4,096 bytes", () => raw({ ...good(), pad: "x".repeat(4096) }), "too_large"],
  ["four parts", () => `${raw(good())}.x`, "malformed"],
  ["a leading space", () => ` ${raw(good())}`, "malformed"],
  ["a padded signature", () => `${raw(good())}=`, "malformed"],
  ["an empty signature", () => `${encode({ alg: "none" })}.${encode(good())}.`, "malformed"],
  ["alg none", () => raw(good(), { alg: "none" }), "bad_algorithm"],
  ["alg nOnE", () => raw(good(), { alg: "nOnE" }), "bad_algorithm"],
  ["alg HS512", () => raw(good(), { alg: "HS512" }, "sha512"), "bad_algorithm"],
  ["alg RS256 signed by HMAC", () => raw(good(), { alg: "RS256" }), "bad_algorithm"],
  ["another secret", () => raw(good()).replace(/\.[^.]*$/, `.${"A".repeat(43)}`), "bad_signature"],
  ["a changed payload", () => raw(good()).replace(/\.[^.]*\./, `.${encode({ ...good(), sub: "8" })}.`), "bad_signature"],
  ["an unknown crit", () => raw(good(), { alg: "HS256", crit: ["x"], x: 1 }), "malformed"],
  ["b64 false", () => raw(good(), { alg: "HS256", crit: ["b64"], b64: false }), "malformed"],
  ["an array as payload", () => raw([good()]), "malformed"],
  ["text as payload", () => raw("nonsense"), "malformed"],
  ["no exp", () => raw(without("exp")), "bad_claims"],
  ["no iat", () => raw(without("iat")), "bad_claims"],
  ["no sub", () => raw(without("sub")), "bad_claims"],
  ["no iss", () => raw(without("iss")), "bad_claims"],
  ["no aud", () => raw(without("aud")), "bad_claims"],
  ["exp as text", () => raw({ ...good(), exp: String(now() + 600) }), "bad_claims"],
  ["exp 1e300", () => raw({ ...good(), exp: 1e300 }), "bad_claims"],
  ["a lifetime over the longest", () => raw({ ...good(), exp: now() + 86_402 }), "lives_too_long"],
  ["an iat before the longest lifetime", () => raw({ ...good(), iat: now() - 86_500 }), "expired"],
  ["expired 10 s ago", () => raw({ ...good(), exp: now() - 10 }), "expired"],
  ["iat in the future", () => raw({ ...good(), iat: now() + 60 }), "not_yet_valid"],
  ["nbf in the future", () => raw({ ...good(), nbf: now() + 60 }), "not_yet_valid"],
  ["another issuer", () => raw({ ...good(), iss: "someone" }), "bad_claims"],
  ["another audience", () => raw({ ...good(), aud: "someone" }), "bad_claims"],
  ["another audience in a list", () => raw({ ...good(), aud: ["someone"] }), "bad_claims"],
  ...[7, { id: 7 }, "", "0", "07", "-7", "7.5", "1e3", " 7", "x".repeat(1024), "9007199254740992", null].map(
    (sub): [string, () => string, RefusalReason] => [
      `sub ${JSON.stringify(sub).slice(0, 20)}`,
      () => raw({ ...good(), sub }),
      "bad_claims",
    ],
  ),
];

test.each(refused)("%s is refused", async (_name, token, reason) => {
  expect(await verify(token())).toEqual({ kind: "refused", reason });
});

const accepted: [string, () => string][] = [
  ["expired 3 s ago", () => raw({ ...good(), exp: now() - 3 })],
  ["iat 3 s ahead", () => raw({ ...good(), iat: now() + 3 })],
  ["our audience in a list", () => raw({ ...good(), aud: ["someone", "drawchat"] })],
  ["keys and files named in the header", () => raw(good(), { alg: "HS256", kid: "../../dev/null", jku: "http://127.0.0.1:1/", jwk: {} })],
  ["the longest lifetime", () => raw({ ...good(), exp: now() + 86_400 })],
];

test.each(accepted)("%s is taken", async (_name, token) => {
  expect(await verify(token())).toMatchObject({ kind: "ok", identity: { userId: 7, username: "ann" } });
});

async function identity(claims: Record<string, unknown>) {
  const verdict = await verify(raw({ ...good(), ...claims }));
  return verdict.kind === "ok" ? verdict.identity : undefined;
}

test("the largest user id is 2^53 - 1", async () => {
  expect((await identity({ sub: "9007199254740991" }))?.userId).toBe(Number.MAX_SAFE_INTEGER);
});

test.each([
  ["ann\u202e\u0000 b\u200b", "ann b"],
  [" \u{1F600} ", "\u{1F600}"],
  ["\u200b\u200d", "user7"],
  ["x".repeat(100), "x".repeat(100)],
  ["x".repeat(101), "user7"],
  ["\ud800", "user7"],
  [42, "user7"],
  [undefined, "user7"],
])("username %j becomes %j", async (username, expected) => {
  expect((await identity({ username }))?.username).toBe(expected);
});

test.each([
  ["https://example.com/a.png", "https://example.com/a.png"],
  ["http://example.com/a.png", "http://example.com/a.png"],
  ["javascript:alert(1)", null],
  ["data:image/png;base64,AA", null],
  ["/a.png", null],
  ["https://example.com/\u202ea", null],
  [`https://example.com/${"x".repeat(2048)}`, null],
  [7, null],
])("profile_pic %j becomes %j", async (profile_pic, expected) => {
  expect((await identity({ profile_pic }))?.profilePic).toBe(expected);
});

test.each([
  [
    ["host", "king", 7, "admin"],
    ["host", "admin"],
  ],
  ["host", []],
  [{ host: true }, []],
  [undefined, []],
])("roles %j become %j", async (roles, expected) => {
  const found = await identity({ roles, is_host: true, is_admin: "true", __proto__: { roles: ["admin"] } });
  expect(found?.roles).toEqual(expected);
  expect(found?.isHost).toBe(expected[0] === "host");
});

test("a signed token verifies to what was asked for", async () => {
  const nowMs = Math.floor(Date.now() / 1000) * 1000;
  const token = await signToken(config, {
    userId: 9,
    username: "bo",
    profilePic: "https://x.test/p",
    roles: ["host"],
    expiresInSeconds: 60,
    nowMs,
  });
  const identity = {
    userId: 9,
    username: "bo",
    profilePic: "https://x.test/p",
    roles: ["host"],
    isHost: true,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 60_000,
  };
  expect(await verify(token)).toEqual({ kind: "ok", identity });
});

test("a token signed for the past is expired", async () => {
  expect(await verify(await signToken(config, { userId: 9, username: "bo", expiresInSeconds: -3_600 }))).toEqual({
    kind: "refused",
    reason: "expired",
  });
});

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "EdDSA" }] });
const keyServer = createServer((_request, response) => response.setHeader("content-type", "application/json").end(jwks));
await new Promise<void>((resolve) => keyServer.listen(0, "127.0.0.1", resolve));
afterAll(() => void keyServer.close());
const jwksUrl = () => new URL(`http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/jwks`);
const byJwks = () => createTokenVerifier({ ...config, key: { kind: "jwks", url: jwksUrl() } });

test("a token signed by a key of the JWKS is taken", async () => {
  const token = await new SignJWT(good()).setProtectedHeader({ alg: "EdDSA", kid: "k1" }).sign(privateKey);
  expect(await byJwks().verify(token)).toMatchObject({ kind: "ok", identity: { userId: 7 } });
});

test("with a JWKS, a token signed with a shared secret is refused", async () => {
  const token = await new SignJWT(good()).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(createSecretKey(secret));
  expect(await byJwks().verify(token)).toEqual({ kind: "refused", reason: "bad_algorithm" });
});

test("a key that the JWKS does not have is refused", async () => {
  const token = await new SignJWT(good()).setProtectedHeader({ alg: "EdDSA", kid: "k2" }).sign(privateKey);
  expect(await byJwks().verify(token)).toEqual({ kind: "refused", reason: "bad_signature" });
});

test("a key server that does not answer is told apart", async () => {
  const token = await new SignJWT(good()).setProtectedHeader({ alg: "EdDSA", kid: "k1" }).sign(privateKey);
  const verifier = createTokenVerifier({ ...config, key: { kind: "jwks", url: new URL("http://127.0.0.1:1/jwks") } });
  expect(await verifier.verify(token)).toEqual({ kind: "refused", reason: "keys_unavailable" });
});
