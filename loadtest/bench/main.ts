/**
 * `npm run bench`: drawchat and its peers side by side in one run, on one machine: the same sockets, the same events, the same
 * client, each server on one core, all taking turns. Prints what it cost and whether the goals hold; writes it as JSON.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Env } from "@drawchat/runtime/env";
import { createLog } from "@drawchat/runtime/log";
import { UsageError, usageText } from "../src/command/option-reader.ts";
import type { BenchReport } from "./bench-report.ts";
import { type Arena, CONTESTANTS, type Contestant } from "./contestants.ts";
import { costsOf } from "./costs.ts";
import { eventText, FIRST_ID } from "./event.ts";
import { playFanOut } from "./fan-out.ts";
import { judgeGoals, type Results } from "./goals.ts";
import { type IdleTurn, playIdleRound } from "./idle-memory.ts";
import { CLIENT_CORE, machineFacts, pin } from "./machine.ts";
import { type BenchOptions, readOptions, USAGE } from "./options.ts";
import { CHANGED_SETTINGS } from "./servers/drawchat.ts";
import { playSizes, SIZES_SETTING } from "./sizes.ts";
import { startStore } from "./store.ts";
import { reportText } from "./tables.ts";

const EXIT_USAGE = 64;
/** With the versions of packages, as they are installed. */
const PEER_PACKAGES = ["uWebSockets.js", "ws", "socket.io", "@socket.io/redis-adapter", "ioredis"];

// Who reads only the beginning (`| head`) has what they want: the report is written all the same.
process.stdout.on("error", () => undefined);
const print = (line: string) => void process.stdout.write(`${line}\n`);

async function play(arena: Arena, options: BenchOptions): Promise<Results> {
  const contestants = CONTESTANTS.filter(({ name }) => options.contestants.includes(name));
  const has = (chapter: BenchOptions["chapters"][number]) => options.chapters.includes(chapter);
  const fanOut = has("fan-out") ? await playFanOut(arena, contestants, options, print) : undefined;
  const idle = has("memory") ? await playIdle(arena, contestants, options) : [];
  const v2 = contestants.find(({ name }) => name === "v2");
  const sizes = has("sizes") && v2 !== undefined ? await playSizes(arena, v2, options, print) : [];
  return { fanOut, idle, sizes };
}

/** Sockets of version 1 and 2 are the same at rest, and so are both floors'. */
async function playIdle(arena: Arena, contestants: readonly Contestant[], options: BenchOptions): Promise<IdleTurn[][]> {
  const rounds: IdleTurn[][] = [];
  const chosen = contestants.filter(({ name }) => name !== "floor-v1");
  for (let n = 0; n < options.turns; n += 1)
    rounds.push(await playIdleRound(arena, n % 2 === 0 ? chosen : chosen.toReversed(), options, print));
  return rounds;
}

async function versions(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of PEER_PACKAGES) {
    const manifest = await readFile(new URL(`../../node_modules/${name}/package.json`, import.meta.url), "utf8");
    found[name] = /"version":\s*"([^"]+)"/.exec(manifest)?.[1] ?? "unknown";
  }
  return found;
}

async function write(report: BenchReport, out: string): Promise<void> {
  const path = join(out, `bench-${report.startedAt.replaceAll(/[:.]/g, "-")}.json`);
  await writeFile(path, JSON.stringify(report, undefined, 2));
  print(`written: ${path}`);
  const costs = costsOf(report);
  if (costs === undefined) return;
  await writeFile(join(out, "costs.json"), JSON.stringify(costs, undefined, 2));
  print(`written: ${join(out, "costs.json")} (for npm run plan)`);
}

async function main(): Promise<void> {
  const env = new Env(process.env);
  const centrifugo = env.optional("CENTRIFUGO_BIN");
  const options = readOptions(process.argv.slice(2), centrifugo !== undefined);
  if (centrifugo === undefined) print("Centrifugo does not take part: CENTRIFUGO_BIN is not set");
  // What is started from here on is on the same core; servers are moved to theirs.
  const isPinned = !options.isQuick && (await pin(process.pid, CLIENT_CORE));
  await mkdir(options.out, { recursive: true }); // a folder that cannot be written to is told now, not in a quarter of an hour
  const startedAt = new Date();
  const log = createLog("bench", "warn");
  const store = await startStore(log);
  try {
    const results = await play({ store, log, secret: randomBytes(32).toString("hex"), centrifugo, gatewayEnv: {} }, options);
    const report: BenchReport = {
      format: 1,
      startedAt: startedAt.toISOString(),
      seconds: (Date.now() - startedAt.getTime()) / 1_000,
      options: { ...options },
      machine: machineFacts(store.version),
      isPinned,
      versions: await versions(),
      changedSettings: [...CHANGED_SETTINGS, ...(options.chapters.includes("sizes") ? [SIZES_SETTING] : [])],
      eventBytes: Buffer.byteLength(eventText({ run: 1, n: 10_000, sentUs: 1e11, textBytes: options.textBytes }, FIRST_ID)),
      ...results,
      goals: options.isQuick ? [] : judgeGoals(results),
    };
    print(`\n${reportText(report)}`);
    await write(report, options.out);
  } finally {
    await store.stop();
  }
}

// Every child ends with this process, and what Redis wrote goes with it.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => process.exit(code));
const wantsHelp = process.argv.slice(2).some((arg) => arg === "--help" || arg === "-h");
try {
  if (wantsHelp) print(USAGE);
  else await main();
} catch (error) {
  process.stderr.write(
    error instanceof UsageError ? usageText(error, "bench --") : `${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = error instanceof UsageError ? EXIT_USAGE : 1;
}
