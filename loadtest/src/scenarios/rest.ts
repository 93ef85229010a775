/**
 * The REST calls of a live chat under fire, as many users, while some people chat: what a request costs the api, how long it
 * takes, and what was answered. Autocannon asks again as soon as it has its answer, over so many connections.
 */
import { connectDatabase } from "@drawchat/db/connect";
import { nowUs } from "../generator/clock.ts";
import type { GeneratorHealth } from "../generator/fleet-totals.ts";
import { LoadMeter } from "../generator/own-load.ts";
import type { Act, Timeline } from "../generator/timeline.ts";
import { takeTokens } from "../generator/tokens.ts";
import { readProcess } from "../report/proc.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Target } from "../target/target.ts";
import { fire, type Volley } from "./cannon.ts";
import { chatLine } from "./chat-lines.ts";
import { newestMessages, restCalls } from "./rest-calls.ts";
import { Seeded } from "./seeded.ts";
import { reportOf } from "./staged-report.ts";
import { type RunEnd, type Stage, StagedRun } from "./staged-run.ts";
import { likeRows } from "./stored-counts.ts";

export interface RestOptions {
  readonly seed: number;
  /** Of each read; likes end when everybody has liked. */
  readonly seconds: number;
  readonly connections: number;
  /** Each likes once; reads are theirs in turn. */
  readonly users: number;
  /** Requests a second of each call; 0: as many as are answered. */
  readonly perSecond: number;
}

export const TYPICAL_REST = { seconds: 10, connections: 50, users: 5_000, perSecond: 0 } as const;

export interface RestRun extends Stage {
  readonly rest: RestOptions;
}

interface Measured {
  readonly volley: Volley;
  /** Of the api's processes, a request; undefined where they are not on this machine. */
  readonly apiCpuMicros: number | undefined;
  /** Of this process, which autocannon runs in. */
  readonly cpuShare: number;
  readonly loopDelayP99Ms: number;
}

/** A page of messages to read and to like. */
export const CHATTERS = 10;
const LINES_EACH = 5;
const LINE_EVERY_MS = 10;
/** Of each read, before it is measured: the first thousands run code that is not compiled yet. */
const WARM_UP_SECONDS = 1;
/** Above it autocannon measures itself. */
const MAX_CPU_SHARE = 0.95;

/** Rejects where the run could not be made; what the api did wrong is in the report. */
export async function runRest({ rest, ...stage }: RestRun): Promise<RunReport> {
  const { target, onProgress } = stage;
  const [session] = target.sessions;
  if (session === undefined) throw new Error("a rest run needs a session");
  const staged = await StagedRun.start(stage, CHATTERS);
  try {
    await chat(staged, rest.seed);
    const tokens = await takeTokens(target.tokens, CHATTERS, rest.users);
    const messageIds = await newestMessages(target.apiUrl, session, tokens[0] ?? "");
    const rowsBefore = await likesStored(target, session);
    const { connections, seconds, perSecond } = rest;
    const shot = { url: target.apiUrl, tokens, connections, seconds, ...(perSecond > 0 ? { perSecond } : {}) };
    const calls = restCalls({ session, users: rest.users, messageIds });
    onProgress("warming up");
    for (const call of calls.filter(({ amount }) => amount === undefined))
      await fire(call, { ...shot, seconds: Math.min(seconds, WARM_UP_SECONDS) });
    const measured: Measured[] = [];
    for (const call of calls) {
      measured.push(await measure(target, () => fire(call, shot)));
      onProgress(summaryOf(measured.at(-1)));
    }
    onProgress("waiting for what is on its way");
    const { certificate, notes } = await staged.certify();
    const rows = await likesStored(target, session);
    const lostLikes = rowsBefore === undefined || rows === undefined ? [] : compareLikes(measured, rows - rowsBefore);
    const end = await staged.end();
    return reportOf(end, {
      scenario: "rest",
      seed: rest.seed,
      options: { ...rest },
      figures: [{ name: "requests", value: measured.reduce((sum, { volley }) => sum + volley.answered, 0), unit: "requests" }],
      certificate,
      notes,
      latencies: measured.map(({ volley }) => volley.latency),
      steps: measured.map(stepOf),
      health: healthOf(end, measured),
      faults: [...measured.flatMap(({ volley }) => faultsOf(volley)), ...lostLikes],
    });
  } finally {
    await staged.finish();
  }
}

/** Some people come in and say a line now and then. */
async function chat(staged: StagedRun, seed: number): Promise<void> {
  const { fleet, target } = staged;
  const random = new Seeded(seed, "chat");
  const joins = Array.from({ length: CHATTERS }, (_, socket): Act => ({ does: "connect", socket, atMs: 0, room: 0, version: 2 }));
  const plan = { roads: target.roads, sessions: target.sessions };
  await fleet.play(joins, plan);
  await staged.settled();
  const lines: Timeline = Array.from({ length: CHATTERS * LINES_EACH }, (_, i): Act => {
    return { does: "say", socket: i % CHATTERS, atMs: i * LINE_EVERY_MS, words: chatLine(random) };
  });
  await fleet.measure();
  await fleet.play(lines, plan, nowUs());
  await staged.answered();
}

async function measure({ processes }: Target, shoot: () => Promise<Volley>): Promise<Measured> {
  const pids = processes.flatMap(({ name, pid }) => (name.startsWith("api") && pid !== undefined ? [pid] : []));
  const cpuSeconds = async () => {
    const uses = await Promise.all(pids.map(readProcess));
    return uses.reduce((sum, use) => sum + (use?.cpuSeconds ?? 0), 0);
  };
  const meter = new LoadMeter();
  const before = await cpuSeconds();
  const volley = await shoot();
  const used = (await cpuSeconds()) - before;
  const { meanCpuShare, loopDelayP99Ms } = meter.read();
  const apiCpuMicros = used > 0 ? (used * 1_000_000) / Math.max(1, volley.answered) : undefined;
  return { volley, apiCpuMicros, cpuShare: meanCpuShare, loopDelayP99Ms };
}

function summaryOf(measured: Measured | undefined): string {
  if (measured === undefined) return "";
  const { volley, apiCpuMicros } = measured;
  const { name, answered, seconds, byStatus, faults, latency } = volley;
  const statuses = [...byStatus].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status} × ${count}`);
  const cpu = apiCpuMicros === undefined ? "" : `, ${apiCpuMicros.toFixed(1)} µs of the api's CPU each`;
  const faulty = [...faults].map(([problem, count]) => `; not right: ${problem} × ${count}`).join("");
  return `${name}: ${Math.round(answered / seconds)}/s${cpu}, p50 ${latency.p50} ms, p99 ${latency.p99} ms; ${statuses.join(", ")}${faulty}`;
}

function stepOf({ volley, apiCpuMicros, cpuShare }: Measured): RunReport["steps"][number] {
  const { name, seconds, answered, byStatus, unanswered, latency } = volley;
  const count = (from: number, to: number) => [...byStatus].reduce((sum, [status, n]) => sum + (status >= from && status <= to ? n : 0), 0);
  const alreadyLiked = byStatus.get(409) ?? 0;
  return {
    name,
    figures: {
      seconds: Math.round(seconds * 100) / 100,
      perSecond: Math.round(answered / seconds),
      ...(apiCpuMicros === undefined ? {} : { apiCpuMicros: Math.round(apiCpuMicros * 10) / 10 }),
      p50Ms: latency.p50,
      p99Ms: latency.p99,
      ok: count(200, 299),
      alreadyLiked,
      refused: count(300, 499) - alreadyLiked,
      failed: count(500, 599),
      unanswered,
      ownCpuShare: Math.round(cpuShare * 100) / 100,
    },
  };
}

function faultsOf({ name, faults }: Volley): string[] {
  return [...faults].map(([problem, count]) => `${name}: ${problem} ${count} times`);
}

/** Undefined where the run does not see the database. */
async function likesStored({ databaseUrl }: Target, session: number): Promise<number | undefined> {
  if (databaseUrl === undefined) return undefined;
  const database = connectDatabase({ url: databaseUrl, maxConnections: 1, applicationName: "drawchat-load", onError: () => undefined });
  try {
    const { ofSession, ofMessages } = await likeRows(database.db, session);
    return ofSession + ofMessages;
  } finally {
    await database.close();
  }
}

/** Each like that was answered with 200 is a row, once nothing waits to be stored; one without an answer may be. */
function compareLikes(measured: readonly Measured[], rows: number): string[] {
  const likes = measured.filter(({ volley }) => volley.name.startsWith("POST"));
  const answered = likes.reduce((sum, { volley }) => sum + (volley.byStatus.get(200) ?? 0), 0);
  const unknown = likes.reduce((sum, { volley }) => sum + volley.unknown, 0);
  if (rows >= answered && rows <= answered + unknown) return [];
  return [`${answered} likes were answered with 200 and ${unknown} not at all; ${rows} are rows`];
}

/** What asks is autocannon, in this process. */
function healthOf({ health }: RunEnd, measured: readonly Measured[]): GeneratorHealth {
  const busiest = measured.toSorted((a, b) => b.cpuShare - a.cpuShare)[0];
  const isOwnLimit = busiest !== undefined && busiest.cpuShare > MAX_CPU_SHARE;
  return {
    processes: 1,
    maxCpuShare: busiest?.cpuShare ?? 0,
    loopDelayP99Ms: Math.max(0, ...measured.map(({ loopDelayP99Ms }) => loopDelayP99Ms)),
    sentLate: health.sentLate,
    void: isOwnLimit ? `autocannon used ${Math.round(busiest.cpuShare * 100)} % of a core in "${busiest.volley.name}"` : undefined,
  };
}
