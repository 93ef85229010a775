/**
 * A steady evening of hours: does anything grow, does anything get lost? The ledger is kept by periods, each of which ends with
 * a certificate, so that the length of the run costs this tool no memory; it watches itself like every other process.
 */
import { sleep } from "@drawchat/runtime/backoff";
import { CertificateSum } from "../ledger/merge-certificates.ts";
import type { Collected } from "../report/collector.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Target } from "../target/target.ts";
import { growthOf } from "./growth.ts";
import { countOpenFiles } from "./open-files.ts";
import { planSoakJoins, planSoakPeriod, type SoakOptions } from "./soak-schedule.ts";
import { absence, reportOf } from "./staged-report.ts";
import { SELF, type Stage, StagedRun } from "./staged-run.ts";

export interface SoakRun extends Stage {
  readonly soak: SoakOptions;
}

/** Tokens are good for twelve hours. */
export const MAX_SOAK_MINUTES = 660;
const JOINS_PER_SECOND = 200;
const FILES_EVERY_MS = 5_000;
const MB = 1_000_000;

export function soakNeeds({ sockets, rooms }: SoakOptions): { sockets: number; rooms: number; connectsPerSecond: number } {
  return { sockets, rooms, connectsPerSecond: JOINS_PER_SECOND };
}

/** Rejects where the run could not be made; what the chat did wrong is in the report. */
export async function runSoak({ soak, ...stage }: SoakRun): Promise<RunReport> {
  if (soak.minutes > MAX_SOAK_MINUTES) throw new RangeError(`a soak lasts at most ${MAX_SOAK_MINUTES} minutes: its tokens end after that`);
  const staged = await StagedRun.start(stage, soak.sockets);
  const over = new AbortController();
  const watching = watchFiles(staged, over.signal);
  try {
    await staged.fleet.play(planSoakJoins(soak, JOINS_PER_SECOND), roadsOf(stage.target));
    await staged.settled();
    await staged.fleet.measure();
    stage.onProgress(`seed ${soak.seed}: ${staged.fleet.totals.states.joined} sockets are in`);
    const sum = new CertificateSum();
    const notes: string[] = [];
    const beganMs = performance.now();
    const warmUntil = await playPeriods({ staged, soak, sum, notes, stage });
    const minutes = (performance.now() - beganMs) / 60_000;
    if (stage.ending?.aborted === true)
      notes.push(`interrupted: it lasted ${minutes.toFixed(1)} minutes, of ${soak.minutes} that were planned`);
    over.abort();
    const end = await staged.end();
    const growths = growthsOf(end.collected, warmUntil);
    return reportOf(end, {
      scenario: "soak",
      seed: soak.seed,
      options: { ...soak },
      figures: [
        { name: "messages", value: end.counts.sent, unit: "messages" },
        { name: "deliveries", value: end.counts.deliveries, unit: "deliveries" },
        { name: "rejoins", value: end.counts.rejoins, unit: "sockets" },
        ...growths.flatMap(figuresOf),
      ],
      certificate: sum.certificate,
      faults: [
        ...absence(end.states.joined, soak.sockets, "at the end"),
        ...growths.filter(({ mbPerHour }) => soak.maxGrowth > 0 && mbPerHour > soak.maxGrowth).map((growth) => faultOf(growth, soak)),
      ],
      notes: [
        ...(growths.length === 0 ? ["too short to say how memory grows: only what comes after the first period counts"] : []),
        ...notes,
      ],
    });
  } finally {
    over.abort();
    await watching;
    await staged.finish();
  }
}

interface Course {
  readonly staged: StagedRun;
  readonly soak: SoakOptions;
  readonly sum: CertificateSum;
  /** Of what had not come and what could not be read, of all periods. */
  readonly notes: string[];
  readonly stage: Stage;
}

/** Until the time is over, or it is to end. Resolves with when the first period was over, in seconds of the run: what grew until then was warming up. */
async function playPeriods({ staged, soak, sum, notes, stage }: Course): Promise<number> {
  const { fleet, target } = staged;
  const endMs = performance.now() + soak.minutes * 60_000;
  let warmUntil = 0;
  for (let period = 1; ; period += 1) {
    const leftSeconds = Math.min(soak.periodSeconds, (endMs - performance.now()) / 1_000);
    await fleet.play(planSoakPeriod(soak, period, leftSeconds), roadsOf(target));
    await staged.settled();
    const { certificate, hasSettled, notes: ofPeriod } = await staged.certify();
    sum.add(certificate);
    notes.push(...ofPeriod.map((note) => `period ${period}: ${note}`));
    const bad = certificate.findings.length + certificate.moreFindings;
    const { figures } = staged.endPhase(`period ${period}`, {
      findings: bad,
      settled: hasSettled ? 1 : 0,
      memoryMB: ownMemoryMB(fleet.totals.loads),
    });
    const verdict = certificate.isClean ? "clean" : `NOT CLEAN (${bad} findings)`;
    stage.onProgress(
      `period ${period}: ${verdict}, ${figures.messages} messages, ${figures.rejoins} came back, p99 ${figures.deliveryP99Ms} ms`,
    );
    if (period === 1) warmUntil = staged.seconds;
    // What is left must be worth a period.
    if (endMs - performance.now() < 1_000 || stage.ending?.aborted === true) return warmUntil;
    await staged.beginAgain();
  }
}

function roadsOf({ roads, sessions }: Target): Pick<Target, "roads" | "sessions"> {
  return { roads, sessions };
}

/** Of the generator and this process together. */
function ownMemoryMB(loads: readonly { readonly rssBytes: number }[]): number {
  return Math.round(loads.reduce((sum, { rssBytes }) => sum + rssBytes, process.memoryUsage.rss()) / MB);
}

async function watchFiles({ processes, collector }: StagedRun, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { name, pid } of [...processes, { name: SELF, pid: process.pid }]) {
      const files = pid === undefined ? undefined : await countOpenFiles(pid);
      if (files !== undefined) collector.note("other", `${name} open files`, "files", files);
    }
    await sleep(FILES_EVERY_MS, signal);
  }
}

interface ProcessGrowth {
  readonly name: string;
  readonly mbPerHour: number;
  readonly fit: number;
}

/** Of the memory of each process, after the first period. */
function growthsOf({ series, processes }: Collected, fromSeconds: number): ProcessGrowth[] {
  const names = new Set([SELF, ...processes.map(({ name }) => name)]);
  return series.flatMap(({ group, name, points }) => {
    const growth = group === "memory" && names.has(name) ? growthOf(points, fromSeconds) : undefined;
    if (growth === undefined) return [];
    return [{ name, mbPerHour: Math.round((growth.perHour / MB) * 10) / 10, fit: Math.round(growth.fit * 100) / 100 }];
  });
}

function figuresOf({ name, mbPerHour, fit }: ProcessGrowth): RunReport["figures"] {
  return [
    { name: `growth.${name}`, value: mbPerHour, unit: "MB/h" },
    { name: `growth.${name}.fit`, value: fit, unit: "" },
  ];
}

function faultOf({ name, mbPerHour, fit }: ProcessGrowth, { maxGrowth }: SoakOptions): string {
  return `${name} grows by ${mbPerHour} MB an hour (fit ${fit}), more than ${maxGrowth}`;
}
