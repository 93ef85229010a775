import { createHmac, createSecretKey } from "node:crypto";
import { jwtVerify } from "jose";
import { expect, test } from "vitest";
import { verifyHs256 } from "./hs256.ts";

const secret = createSecretKey(Buffer.from("0123456789abcdef0123456789abcdef"));
const options = { issuer: "drawchat", audience: "drawchat", requiredClaims: ["sub", "iat", "exp"], maxTokenAge: 600, clockTolerance: 5 };
const now = Math.floor(Date.now() / 1000);
const good = { iss: "drawchat", aud: "drawchat", sub: "7", iat: now, exp: now + 600 };
const hs256 = { alg: "HS256", typ: "JWT" };

const encode = (value: unknown) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

function signed(header: unknown, payload: unknown): string {
  const body = `${encode(header)}.${encode(payload)}`;
  return `${body}.${createHmac("sha256", secret).update(body).digest("base64url")}`;
}

/** The claims, or what the error says. */
async function outcome(verify: () => unknown): Promise<unknown> {
  try {
    return await verify();
  } catch (error) {
    const { code, claim, reason } = Object(error);
    return { code, claim, reason };
  }
}

test.each([
  ["a good token", hs256, good],
  ["one without typ", { alg: "HS256" }, good],
  ["one with fields in its header that nobody knows", { ...hs256, kid: "k1", x: 1 }, good],
  ["alg none", { alg: "none" }, good],
  ["another alg", { alg: "HS384" }, good],
  ["an unknown crit", { ...hs256, crit: ["x"], x: 1 }, good],
  ["a header that is a list", [hs256], good],
  ["a header that is no JSON", "{", good],
  ["a payload that is a list", hs256, [good]],
  ["a payload that is no JSON", hs256, "{"],
  ["one that has ended", hs256, { ...good, exp: now - 60 }],
  ["one whose end is text", hs256, { ...good, exp: "soon" }],
  ["one from before the longest lifetime", hs256, { ...good, iat: now - 3_600 }],
  ["one from the future", hs256, { ...good, iat: now + 60 }],
  ["one for later", hs256, { ...good, nbf: now + 60 }],
  ["one of somebody else", hs256, { ...good, iss: "somebody" }],
  ["one for somebody else", hs256, { ...good, aud: ["somebody"] }],
  ["one without a subject", hs256, { ...good, sub: undefined }],
])("%s has the same outcome as by jose alone", async (_name, header, payload) => {
  const token = signed(header, payload);
  const byJose = await outcome(async () => (await jwtVerify(token, secret, { ...options, algorithms: ["HS256"] })).payload);
  expect(await outcome(() => verifyHs256(token, secret, options))).toEqual(byJose);
});

test("a token with any one character changed is refused, also where only unused bits differ", () => {
  const token = signed(hs256, good);
  const changed = [...token].map((char, i) => `${token.slice(0, i)}${char === "B" ? "C" : "B"}${token.slice(i + 1)}`);
  const neighbour = { A: "B", E: "F", I: "J", M: "N", Q: "R", U: "V", Y: "Z", c: "d", g: "h", k: "l", o: "p", s: "t", w: "x" };
  const last = Object.entries({ ...neighbour, "0": "1", "4": "5", "8": "9" }).find(([char]) => token.endsWith(char))?.[1];
  for (const other of [...changed, `${token.slice(0, -1)}${last}`]) expect(() => verifyHs256(other, secret, options)).toThrow();
});

test("a payload signed by nobody is refused", () => {
  expect(() => verifyHs256(`${encode({ alg: "none" })}.${encode(good)}.`, secret, options)).toThrow("not HS256");
  expect(() => verifyHs256(`${encode(hs256)}.${encode(good)}.`, secret, options)).toThrow("signature verification failed");
});
