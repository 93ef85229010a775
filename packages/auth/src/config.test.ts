import { Env, type EnvSource } from "@drawchat/runtime/env";
import { expect, test } from "vitest";
import { readTokenConfig } from "./config.ts";

const SECRET = "f3a9c1d27b604e85a1c2d3e4f5061728";

function problems(source: EnvSource): string {
  const env = new Env(source);
  readTokenConfig(env);
  try {
    env.finish();
  } catch (error) {
    return String(error);
  }
  return "";
}

test("a secret of 32 bytes is enough, also in production", () => {
  expect(problems({ NODE_ENV: "production", JWT_SECRET: SECRET })).toBe("");
});

test.each([
  ["no key at all", {}, "JWT_SECRET is missing"],
  ["31 bytes", { JWT_SECRET: SECRET.slice(1) }, "shorter than 32"],
  ["both kinds of key", { JWT_SECRET: SECRET, JWT_JWKS_URL: "https://x.test/" }, "both set"],
  ["a known secret in production", { NODE_ENV: "production", JWT_SECRET: "change-me-change-me-change-me-change-me" }, "known example"],
  ["one letter 32 times in production", { NODE_ENV: "production", JWT_SECRET: "a".repeat(32) }, "known example"],
  ["a JWKS over http in production", { NODE_ENV: "production", JWT_JWKS_URL: "http://x.test/" }, "must be an https"],
  ["a JWKS that is no URL", { JWT_JWKS_URL: "keys" }, "must be an https"],
  ["an age below a minute", { JWT_SECRET: SECRET, JWT_MAX_AGE: "5" }, "JWT_MAX_AGE"],
])("%s is a problem", (_name, source, sentence) => {
  expect(problems(source)).toContain(sentence);
});

test("issuer, audience and age have defaults", () => {
  const config = readTokenConfig(new Env({ JWT_SECRET: SECRET }));
  expect(config).toMatchObject({ issuer: "drawchat", audience: "drawchat", maxAgeSeconds: 86_400 });
});
