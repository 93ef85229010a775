import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readTokenFile } from "./tokens.ts";

test("a file of tokens has one for each user of the run, who are more than its sockets", async () => {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-tokens-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, "tokens");
  await writeFile(file, "# of the staging chat\none\n\ntwo\n");
  expect(await readTokenFile(file, 2)).toEqual(["one", "two"]);
  await expect(readTokenFile(file, 5_010)).rejects.toThrow(/has 2 tokens, and the run has 5010 users: one for each is needed/);
});
