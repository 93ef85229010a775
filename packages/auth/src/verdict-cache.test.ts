import { beforeEach, expect, test } from "vitest";
import type { TokenConfig } from "./config.ts";
import { createTokenVerifier, signToken, type TokenVerifier } from "./token.ts";
import { cacheVerdicts } from "./verdict-cache.ts";

const secret = new TextEncoder().encode("0123456789abcdef0123456789abcdef");
const config: TokenConfig = { key: { kind: "secret", secret }, issuer: "drawchat", audience: "drawchat", maxAgeSeconds: 86_400 };

let verifications = 0;
let nowMs = 0;
const counted = (verifier: TokenVerifier): TokenVerifier => ({
  verify: (token) => {
    verifications += 1;
    return verifier.verify(token);
  },
});
const cached = (options: { maxEntries?: number } = {}, verifier = createTokenVerifier(config)) =>
  cacheVerdicts(counted(verifier), { ...options, now: () => nowMs });
const tokenFor = (expiresInSeconds = 600, userId = 7) => signToken(config, { userId, username: "ann", expiresInSeconds });

beforeEach(() => {
  verifications = 0;
  nowMs = Date.now();
});

test("a token is verified once a minute, however often it is used", async () => {
  const { verify } = cached();
  const token = await tokenFor();
  for (let i = 0; i < 5; i += 1) expect(await verify(token)).toMatchObject({ kind: "ok", identity: { userId: 7 } });
  expect(verifications).toBe(1);
  nowMs += 59_999;
  await verify(token);
  expect(verifications).toBe(1);
  nowMs += 1;
  expect(await verify(token)).toMatchObject({ kind: "ok" });
  expect(verifications).toBe(2);
});

test("a key that was withdrawn is noticed within a minute", async () => {
  let current = createTokenVerifier(config);
  const { verify } = cached({}, { verify: (token) => current.verify(token) });
  const token = await tokenFor();
  expect(await verify(token)).toMatchObject({ kind: "ok" });
  const other = new TextEncoder().encode("fedcba9876543210fedcba9876543210");
  current = createTokenVerifier({ ...config, key: { kind: "secret", secret: other } });
  nowMs += 60_000;
  expect(await verify(token)).toEqual({ kind: "refused", reason: "bad_signature" });
  expect(await verify(token)).toEqual({ kind: "refused", reason: "bad_signature" });
  expect(verifications).toBe(3);
});

test("nothing is believed beyond the token's end and the tolerance of clocks", async () => {
  const { verify } = cached();
  const token = await tokenFor(10);
  const verdict = await verify(token);
  if (verdict.kind !== "ok") throw new Error("not taken");
  nowMs = verdict.identity.expiresAtMs + 4_999;
  await verify(token);
  expect(verifications).toBe(1);
  nowMs += 1;
  await verify(token); // what then is said of it is the verifier's
  expect(verifications).toBe(2);
});

test("a refused token is verified each time", async () => {
  const { verify } = cached();
  const expired = await tokenFor(-60);
  for (const token of [expired, expired, "nonsense", "nonsense"]) expect((await verify(token)).kind).toBe("refused");
  expect(verifications).toBe(4);
});

test("a token with a changed last character is verified by itself, taken or not", async () => {
  const { verify } = cached();
  const token = await tokenFor();
  await verify(token);
  const uncached = createTokenVerifier(config);
  for (const last of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=") {
    const changed = token.slice(0, -1) + last;
    expect(await verify(changed)).toEqual(await uncached.verify(changed));
  }
});

test("a flood of tokens does not grow it: the longest unused is verified anew", async () => {
  const { verify } = cached({ maxEntries: 4 });
  const tokens = await Promise.all([1, 2, 3, 4, 5, 6].map((userId) => tokenFor(600, userId)));
  for (const token of tokens) await verify(token);
  expect(verifications).toBe(6);
  await verify(tokens[5] ?? "");
  expect(verifications).toBe(6);
  expect(await verify(tokens[0] ?? "")).toMatchObject({ kind: "ok", identity: { userId: 1 } });
  expect(verifications).toBe(7);
});
