/** The command as people run it: a process with arguments, an exit status, and what it writes. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { freePort } from "@drawchat/local/ports";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { parseReport } from "./report/report-file.ts";

const CLI = fileURLToPath(new URL("cli.ts", import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "drawchat-test-load-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(args: string): ChildProcessByStdio<null, Readable, Readable> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, HAPROXY_PATH: inject("haproxyPath") };
  const out = args.includes("--out") ? [] : ["--out", folder];
  return spawn(process.execPath, [CLI, ...args.split(" "), ...out], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function outcomeOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

const load = (args: string) => outcomeOf(start(args));

test("help names every option and its default, wrong usage says what is wrong with status 64", async () => {
  const [help, unknown, wrong, nobody, nothing] = await Promise.all([
    load("storm --help"),
    load("storm --sokets 4"),
    load("storm --sockets x --kill gateway-1 --url ws://127.0.0.1:1"),
    load("storm --kill gateway-9"),
    load("strom"),
  ]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toMatch(/--sockets <n> +default 1000[\s\S]*Such as: npm run load -- storm[\s\S]*--gateways <n> +default 2/);
  expect(unknown).toMatchObject({ code: 64, stderr: expect.stringContaining("--sokets") });
  expect(wrong.code).toBe(64);
  expect(wrong.stderr).toMatch(/^--sockets .*\n--kill .*\n$/);
  expect(nobody).toMatchObject({
    code: 64,
    stdout: "",
    stderr: expect.stringMatching(/^--kill is one of .*, not gateway-9; all options: npm run load -- storm --help\n$/),
  });
  expect(nothing).toMatchObject({ code: 64, stdout: expect.stringContaining('no scenario "strom"') });
});

test("who stops reading what it says does not break it off", async () => {
  const child = spawn(process.execPath, [CLI, "--help"], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.destroy();
  expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
});

test("a run that cannot be made is neither clean nor unclean", async () => {
  const tokens = join(folder, "tokens");
  await writeFile(tokens, "a\nb\n");
  const url = `--url ws://127.0.0.1:${await freePort()}`;
  const [noTokens, nobody, noFolder] = await Promise.all([
    load("soak --url ws://127.0.0.1:1 --rooms 1 --tokens /nowhere/tokens"),
    load(`storm ${url} --session 1 --sockets 2 --tokens ${tokens}`),
    load("soak --out /dev/null/reports"),
  ]);
  expect(noTokens).toMatchObject({ code: 70, stderr: expect.stringContaining("/nowhere/tokens") });
  expect(noFolder).toMatchObject({ code: 70, stdout: "", stderr: expect.stringContaining("/dev/null/reports") });
  expect(nobody).toMatchObject({ code: 70, stderr: expect.stringMatching(/status does not answer\n[\s\S]*ECONNREFUSED/) });
});

test("a storm over a killed gateway while slots move: all are back behind the balancer, nothing is missing, the report says so", async () => {
  const options = "--sockets 40 --ramp-per-second 400 --hold-seconds 0.3 --after-seconds 1.5 --per-second 20 --v1-share 0.2";
  const { code, stdout, stderr } = await load(`storm ${options} --redis-nodes 3 --move-slots 0.2 --kill gateway-1 --seed 3`);
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Clean: all was delivered once, in order");
  const files = await readdir(folder);
  const [json = ""] = files.filter((name) => name.endsWith(".json"));
  expect(files).toContain(json.replace(".json", ".html"));
  const report = parseReport(await readFile(join(folder, json), "utf8"), json);
  expect(report).toMatchObject({ scenario: "storm", seed: 3, faults: [], target: { kind: "own", gateways: 2 } });
  expect(report.target.balancer).toContain("HAProxy");
  expect(report.options).toMatchObject({ sockets: 40, kill: "gateway-1", gateways: 2 });
  expect(report.changedSettings.map(({ name }) => name)).toContain("LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE");
  const figure = (name: string) => report.figures.find((one) => one.name === name)?.value;
  expect(figure("cutOff")).toBeGreaterThan(0);
  expect(figure("rejoins")).toBe(figure("cutOff"));
  expect(figure("notBack")).toBe(0);
  const [sent, heldBack, notSent] = ["messages", "messagesHeldBack", "messagesNotSent"].map((name) => figure(name) ?? -1);
  expect(figure("messagesPlanned")).toBe(36);
  const told = `of 36 planned messages ${sent} were sent, ${heldBack} of them once their sockets were back`;
  expect(stdout).toContain(`${told}; never sent, because their sockets were away: ${notSent}\n`);
  const page = await readFile(join(folder, json.replace(".json", ".html")), "utf8");
  expect(page).toMatch(new RegExp(`<dt>messages not sent</dt><dd>${notSent}\\b`));
  expect(figure("historyReads")).toBeLessThanOrEqual(10);
  expect(report.certificate?.rooms[0]?.hops.filter(({ isObserved }) => !isObserved)).toEqual([]);
  const moves = figure("slotMoves");
  expect(moves).toBeGreaterThan(1);
  expect(report.figures).toContainEqual({ name: "slotsMoved", value: 1, unit: "slots" });
  const note = `1 slot of the Redis Cluster moved to the next node ${moves} times in all: one 0.2 s after the one before`;
  expect(report.notes).toContain(note);
  expect(stdout).toContain(`note: ${note}\n`);
});

test("Ctrl-C, which npm hands on a second time, ends a soak with its period, and what it has seen is in its report", async () => {
  const child = start("soak --minutes 60 --period-seconds 1 --sockets 10 --rooms 1 --gateways 1 --no-balancer --seed 5");
  let said = "";
  child.stdout.on("data", function watch(chunk: Buffer) {
    said += chunk.toString();
    if (!said.includes("period 1: clean")) return;
    child.stdout.off("data", watch);
    child.kill("SIGINT");
    child.kill("SIGINT");
  });
  const { code, stdout, stderr } = await outcomeOf(child);
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("interrupted: this period is the last one");
  const [, file = ""] = /seed 5; (\S+\.json),/.exec(stdout) ?? [];
  const { notes, steps, certificate } = parseReport(await readFile(file, "utf8"), file);
  expect(notes).toContainEqual(expect.stringMatching(/^interrupted: it lasted 0\.\d minutes, of 60 that were planned$/));
  expect(steps.map(({ name }) => name)).toEqual(["period 1", "period 2"]);
  expect(certificate).toMatchObject({ isClean: true });
});
