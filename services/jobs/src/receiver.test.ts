import { ConfigError, Env } from "@drawchat/runtime/env";
import { expect, test } from "vitest";
import { readReceiver } from "./receiver.ts";

const SECRET = "s".repeat(32);

function problemsOf(url: string | undefined, secret: string | undefined, isProduction = true): readonly string[] {
  const env = new Env({});
  readReceiver(env, { name: "HOOK", url, secret, isProduction });
  try {
    env.finish();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

test("neither is no receiver, both are one", () => {
  const read = (url?: string, secret?: string) => readReceiver(new Env({}), { name: "HOOK", url, secret, isProduction: true });
  expect(read()).toBeUndefined();
  expect(read("https://crm.example.com/hook", SECRET)).toEqual({ url: "https://crm.example.com/hook", secret: SECRET });
});

test("one without the other, and a short secret, are refused", () => {
  expect(problemsOf("https://crm.example.com", undefined)).toEqual(["HOOK_URL and HOOK_SECRET go together: one of them is missing"]);
  expect(problemsOf(undefined, SECRET)).toEqual(["HOOK_URL and HOOK_SECRET go together: one of them is missing"]);
  expect(problemsOf("https://crm.example.com", "s".repeat(31))).toEqual(["HOOK_SECRET must have at least 32 bytes"]);
});

test.each([
  "http://localhost:9000/hook",
  "http://127.0.0.1/",
  "http://10.1.2.3/",
  "http://172.31.0.1/",
  "http://192.168.7.7/",
  "http://[::1]:80/",
  "http://[fd00::5]/",
  "http://crm/hook",
  "http://crm.sales.svc.cluster.local/",
  "http://crm.sales.svc/",
])("production takes %s", (url) => {
  expect(problemsOf(url, SECRET)).toEqual([]);
});

test.each([
  ["http://crm.example.com/", "HOOK_URL must be an https:// URL: its host is not a private one"],
  ["http://172.32.0.1/", "HOOK_URL must be an https:// URL: its host is not a private one"],
  ["http://[2001:db8::1]/", "HOOK_URL must be an https:// URL: its host is not a private one"],
  ["http://0x7f.1.example/", "HOOK_URL must be an https:// URL: its host is not a private one"],
  ["ftp://crm.example.com/", "HOOK_URL must be an https:// URL"],
  ["crm.example.com", "HOOK_URL must be an https:// URL"],
  ["https://ann:pw@crm.example.com/", "HOOK_URL must not hold a password: the signature tells who sends"],
])("production refuses %s", (url, problem) => {
  expect(problemsOf(url, SECRET)).toEqual([problem]);
});

test("development takes http:// to anywhere", () => {
  expect(problemsOf("http://crm.example.com/", SECRET, false)).toEqual([]);
});
