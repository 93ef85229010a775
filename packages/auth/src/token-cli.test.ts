import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { createTokenVerifier } from "./token.ts";

const cli = fileURLToPath(new URL("./token-cli.ts", import.meta.url));
const secret = "f3a9c1d27b604e85a1c2d3e4f5061728";
const key = { kind: "secret" as const, secret: new TextEncoder().encode(secret) };
const { verify } = createTokenVerifier({ key, issuer: "drawchat", audience: "drawchat", maxAgeSeconds: 86_400 });

function token(args: readonly string[], env: Record<string, string> = { JWT_SECRET: secret }) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { env, encoding: "utf8" });
  return { status, token: stdout.trim(), stderr };
}

test("it prints a token for the person asked for", async () => {
  const printed = token([
    "--user-id",
    "7",
    "--username",
    "ann",
    "--role",
    "host",
    "--role",
    "admin",
    "--profile-pic",
    "https://x.test/a.png",
  ]);
  const identity = { userId: 7, username: "ann", profilePic: "https://x.test/a.png", roles: ["host", "admin"], isHost: true };
  expect(await verify(printed.token)).toMatchObject({ kind: "ok", identity });
});

test("a negative lifetime gives an expired token", async () => {
  expect(await verify(token(["--user-id", "7", "--expires-in", "-1h"]).token)).toEqual({ kind: "refused", reason: "expired" });
});

test.each(["--help", "-h"])("%s tells what there is, without a secret, and ends with 0", (option) => {
  const { status, token: text, stderr } = token([option], { DATA_DIR: "/no/such/folder" });
  expect([status, stderr]).toEqual([0, ""]);
  for (const name of ["--user-id", "--username", "--role", "--profile-pic", "--expires-in"]) expect(text).toContain(`\n  ${name} `);
});

test.each(["", " \u200b "])("a name %j of nothing visible is the user's number", async (username) => {
  const printed = token(["--username", username, "--user-id", "7"]);
  expect(decodeJwt(printed.token).username).toBe("user7");
});

test.each([
  [["--user-id", "0"], "--user-id must be"],
  [["--user-id", "7", "--role", "king"], "--role must be one of"],
  [["--user-id", "7", "--expires-in", "soon"], "--expires-in must look like"],
  [["--user-id", "7", "--expires-in", "0s"], "--expires-in must look like"],
  [["--user-id", "7", "--expires-in", "1h", "--expires-in", "2h"], "--expires-in is given twice"],
  [["--user-id", "7", "--user-id=8", "--username", "a", "--username", "b"], "--user-id is given twice\n  --username is given twice"],
  [["--user-id", "7", "--expires-in", "25h"], "over JWT_MAX_AGE"],
  [["--user", "7"], "Unknown option"],
])("%j is refused with the usage", (args, sentence) => {
  const { status, stderr } = token(args);
  expect(status).toBe(78);
  expect(stderr).toContain(sentence);
  expect(stderr).toContain("usage:");
});

test("without a secret it says where one comes from", () => {
  expect(token(["--user-id", "7"], { DATA_DIR: "/no/such/folder" }).stderr).toContain('Run "npm start" first, or set JWT_SECRET');
});
