import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { UsageError } from "../src/command/option-reader.ts";
import { readOptions } from "./options.ts";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));
const run = promisify(execFile);

test("every contestant delivers every message to every socket", async () => {
  const out = await mkdtemp(join(tmpdir(), "drawchat-bench-test-"));
  try {
    const { stdout } = await run(process.execPath, [MAIN, "--quick", "--out", out], { env: {} });
    const [file = ""] = await readdir(out);
    const report: unknown = JSON.parse(await readFile(join(out, file), "utf8"));
    const turn = (contestant: string) => expect.objectContaining({ contestant, sockets: 20, messagesPerSecond: 50, missing: 0 });
    const names = ["v2", "floor", "v1", "floor-v1", "ws", "socket.io"];
    expect(report).toMatchObject({ fanOut: { rounds: [expect.arrayContaining(names.map(turn))] } });
    expect(stdout).toContain("Socket.IO, Redis adapter");
  } finally {
    await rm(out, { recursive: true });
  }
});

test.each([["--turns", "0"], ["--only", "v3"], ["--sockets", "many"], ["--loud"]])("what it does not understand it says: %j", (...args) => {
  expect(() => readOptions(args, false)).toThrow(UsageError);
});

test("wrong usage is one line and a status of its own", async () => {
  const wrong = run(process.execPath, [MAIN, "--turns", "0"], { env: {} });
  const stderr = "--turns: a whole number from 1 to 999999, not 0; all options: npm run bench -- --help\n";
  await expect(wrong).rejects.toMatchObject({ code: 64, stdout: "", stderr });
});

test("a folder that cannot be written to is told before anything is played", async () => {
  const played = run(process.execPath, [MAIN, "--quick", "--out", "/dev/null/reports"], { env: {} });
  const [stdout, stderr] = [expect.not.stringContaining("sockets"), expect.stringContaining("ENOTDIR")];
  await expect(played).rejects.toMatchObject({ code: 1, stdout, stderr });
});

test("Centrifugo takes part where its program is known", () => {
  expect(readOptions(["--only", "v2,centrifugo"], true).contestants).toEqual(["v2", "centrifugo"]);
  expect(readOptions(["--only", "v2,centrifugo"], false).contestants).toEqual(["v2"]);
});
