import { ConfigError } from "@drawchat/runtime/env";
import { expect, test } from "vitest";
import { loadConfig } from "./config.ts";

function problems(source: Record<string, string>): readonly string[] {
  try {
    loadConfig(source);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test("everything that is wrong is named at once, each thing once", () => {
  const wrong = { PORT: "0", GATEWAYS: "none", LOG_LEVEL: "loud", LIVE_CHAT_ENABLED: "perhaps", JWT_SECRET: "short", JWT_MAX_AGE: "1" };
  const draw = { DRAW_TIME_HOUR: "25", DRAW_TIMEZONE: "Mars/Olympus" };
  const stores = { REDIS_URL: "localhost:6379", DATABASE_URL: "mysql://localhost/chat" };
  const named = problems({ ...wrong, ...draw, ...stores }).map((problem) => problem.split(" ")[0] ?? "");
  const byName = (a: string, b: string) => a.localeCompare(b);
  expect(named.toSorted(byName)).toEqual(Object.keys({ ...wrong, ...draw, ...stores }).toSorted(byName));
});

test("nothing set is fine: the secret is made later", () => {
  expect(loadConfig({})).toMatchObject({ jwtSecret: undefined, hasJwks: false, opensDemoDraw: true, port: 8_000 });
  expect(problems({ JWT_MAX_AGE: "1" })).toEqual(["JWT_MAX_AGE must be a whole number from 60 to 31536000"]);
});

test("a provider of tokens needs no secret, and a secret beside it is refused", () => {
  expect(loadConfig({ JWT_JWKS_URL: "https://id.test/keys" })).toMatchObject({ jwtSecret: undefined, hasJwks: true });
  expect(problems({ JWT_JWKS_URL: "https://id.test/keys", JWT_SECRET: "f3a9c1d27b604e85a1c2d3e4f5061728" })).toHaveLength(1);
});

test("a daily draw leaves no room for a demo", () => {
  expect(loadConfig({ DRAW_TIME_HOUR: "20", DRAW_TIMEZONE: "europe/berlin" })).toMatchObject({
    opensDemoDraw: false,
    drawTimeZone: "Europe/Berlin",
  });
});
