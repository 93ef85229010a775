import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockDataDir, readOrMakeSecret } from "./data-dir.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "drawchat-test-data-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test("one holds the folder at a time", async () => {
  const release = await lockDataDir(dir);
  await expect(lockDataDir(dir)).rejects.toThrow("runs already");
  await release();
  await (await lockDataDir(dir))();
});

test("a lock whose holder is gone is taken over", async () => {
  writeFileSync(join(dir, "supervisor.lock"), "1");
  await (await lockDataDir(dir))();
});

test("a lock whose port belongs to something else by now is taken over", async () => {
  const stranger = createServer((socket) => socket.end("hello"));
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  const address = stranger.address();
  writeFileSync(join(dir, "supervisor.lock"), String(typeof address === "object" ? address?.port : ""));
  await (await lockDataDir(dir))();
  stranger.close();
});

test("the secret is made once, long enough, for its owner alone", async () => {
  const secret = await readOrMakeSecret(dir);
  expect(Buffer.byteLength(secret)).toBeGreaterThanOrEqual(32);
  expect(await readOrMakeSecret(dir)).toBe(secret);
  expect(statSync(join(dir, "secret")).mode & 0o777).toBe(0o600);
});
