/**
 * A storm: sockets come at a rate, stay while people talk, are cut off (all, a share, or those of a gateway that is killed) and
 * come back as real clients do. What counts is that nobody missed anything, how soon all are back, and that Redis hardly
 * noticed: joins and resumes are served from the gateways' memory.
 */
import { sleep } from "@drawchat/runtime/backoff";
import type { DialectName } from "../generator/dialects.ts";
import { steadySchedule } from "../generator/schedule.ts";
import type { RunReport } from "../report/run-report.ts";
import { countHistoryReads, readsBetween } from "./history-reads.ts";
import { absence, reportOf } from "./staged-report.ts";
import { type RunEnd, type Stage, StagedRun } from "./staged-run.ts";

export interface StormOptions {
  readonly seed: number;
  readonly sockets: number;
  /** New sockets a second while they come. */
  readonly rampPerSecond: number;
  /** From when all are in until the storm. */
  readonly holdSeconds: number;
  /** People go on talking for so long from the storm on. */
  readonly afterSeconds: number;
  /** Messages, while all are in and while they come back. */
  readonly perSecond: number;
  readonly bytes: number;
  /** Share of the sockets that speak version 1. */
  readonly v1Share: number;
  /** Share of the sockets that is cut off at once. */
  readonly dropShare: number;
  /** SIGKILL for this process (`gateway-1`) of a cluster of the run's own instead; empty: none. */
  readonly kill: string;
}

export const TYPICAL_STORM = {
  sockets: 1_000,
  rampPerSecond: 500,
  holdSeconds: 10,
  afterSeconds: 20,
  perSecond: 10,
  bytes: 100,
  v1Share: 0,
  dropShare: 1,
  kill: "",
} as const;

export interface StormRun extends Stage {
  readonly storm: StormOptions;
}

const LOOK_MS = 250;
/** A killed server's sockets learn of it at once on this machine, through a balancer a little later. */
const NOTICED_WITHIN_MS = 15_000;

/** Rejects where the run could not be made; what the chat did wrong is in the report. */
export async function runStorm({ storm, ...stage }: StormRun): Promise<RunReport> {
  const { onProgress } = stage;
  const staged = await StagedRun.start(stage, storm.sockets);
  const endPhase = (name: string) => onProgress(summaryOf(staged.endPhase(name)));
  try {
    await comeIn(staged, storm);
    await staged.fleet.measure();
    endPhase("ramp");
    const talking = talk(staged, storm);
    await sleep(storm.holdSeconds * 1_000);
    endPhase("hold");
    const back = await breakAndComeBack(staged, storm);
    onProgress(describeBack(back));
    endPhase("storm");
    await talking;
    endPhase("after");
    const certified = await staged.certify();
    const end = await staged.end();
    onProgress(toldOf(end));
    const missing = storm.sockets - end.states.joined;
    return reportOf(end, {
      scenario: "storm",
      seed: storm.seed,
      options: { ...storm },
      figures: figuresOf(end, back, missing),
      ...certified,
      faults: absence(end.states.joined, storm.sockets, "at the end"),
    });
  } finally {
    await staged.finish();
  }
}

/** Resolves when all are in, or gone for good. */
async function comeIn(staged: StagedRun, { sockets, rampPerSecond, v1Share }: StormOptions): Promise<void> {
  const { roads, sessions } = staged.target;
  await staged.fleet.connect({ count: sockets, perSecond: rampPerSecond, roads, sessions, dialects: dialectsOf(v1Share) });
  await staged.settled();
}

/** Taken by the sockets in turn, so that a hundred of them have the wanted share. */
export function dialectsOf(v1Share: number): DialectName[] {
  if (v1Share === 0) return ["v2"];
  return Array.from({ length: 100 }, (_, i) => (Math.floor((i + 1) * v1Share) > Math.floor(i * v1Share) ? "v1" : "v2"));
}

/** Everybody in turn. Resolves when the last message was due. */
async function talk({ fleet }: StagedRun, { perSecond, holdSeconds, afterSeconds, bytes }: StormOptions): Promise<void> {
  const seconds = holdSeconds + afterSeconds;
  await fleet.send(steadySchedule({ perSecond, seconds, senders: fleet.sockets, bytes }));
}

interface Back {
  /** Sockets that lost their connection. */
  readonly cut: number;
  /** Of these, who was not in again then. */
  readonly missing: number;
  /** From the cut until everybody who was begun is in, or gone for good, or was waited for long enough. */
  readonly withinMs: number;
  /** Of histories, by all gateways, meanwhile; undefined where gateways do not tell. */
  readonly historyReads: number | undefined;
}

async function breakAndComeBack(staged: StagedRun, { kill, dropShare }: StormOptions): Promise<Back> {
  const { fleet, target } = staged;
  const survivors = target.processes.filter(({ name }) => name !== kill);
  const readsBefore = await countHistoryReads(survivors);
  const before = cutSoFar(staged);
  const { joined } = fleet.totals.states;
  const beganMs = performance.now();
  if (kill === "") await fleet.drop(dropShare);
  else await target.kill?.(kill);
  // Whether the end of a process cuts anybody off, only waiting tells.
  if (kill !== "" || dropShare > 0) await noticed(staged, joined);
  await staged.settled();
  const missing = Math.max(0, joined - fleet.totals.states.joined);
  const cut = Math.max(missing, cutSoFar(staged) - before);
  const withinMs = Math.round(performance.now() - beganMs);
  const readsAfter = await countHistoryReads(survivors);
  return { cut, missing, withinMs, historyReads: readsBetween(readsBefore, readsAfter) };
}

export function describeBack({ cut, missing, withinMs, historyReads }: Back): string {
  if (cut === 0)
    return `nobody was cut off${historyReads === undefined ? "" : `; gateways read ${historyReads} histories in Redis meanwhile`}`;
  const reads = historyReads === undefined ? "" : `; gateways read ${historyReads} histories in Redis for it`;
  const seconds = (withinMs / 1_000).toFixed(1);
  const who = missing === 0 ? `all were back after ${seconds} s` : `${missing} of them were not back after ${seconds} s`;
  return `${cut} sockets were cut off, ${who}${reads}`;
}

/** Who was cut off has come back, is on the way, or is gone for good. */
function cutSoFar({ fleet: { totals } }: StagedRun): number {
  const { connecting, open, waiting, gone } = totals.states;
  return totals.counts.rejoins + connecting + open + waiting + gone;
}

/** Resolves when the sockets know that their connection is gone: there are fewer than before, and no fewer at the next look. */
async function noticed({ fleet }: StagedRun, before: number): Promise<void> {
  const untilMs = performance.now() + NOTICED_WITHIN_MS;
  let least = before;
  while (performance.now() < untilMs) {
    await sleep(LOOK_MS);
    const { joined } = fleet.totals.states;
    if (least < before && joined >= least) return;
    least = Math.min(least, joined);
  }
}

function summaryOf({ name, figures }: RunReport["steps"][number]): string {
  const { seconds, peakSockets, joins, rejoins, messages, deliveriesPerSecond, deliveryP99Ms } = figures;
  const came = `${joins} joined, ${rejoins} came back`;
  return `${name}: ${seconds} s, ${peakSockets} sockets, ${came}, ${messages} messages, ${deliveriesPerSecond} deliveries/s, p99 ${deliveryP99Ms} ms`;
}

/** A socket that is away says nothing: version 2 when it is back, version 1 never. */
function toldOf({ counts: { planned, sent, heldBack } }: RunEnd): string {
  const back = `${heldBack} of them once their sockets were back`;
  return `of ${planned} planned messages ${sent} were sent, ${back}; never sent, because their sockets were away: ${planned - sent}`;
}

function figuresOf({ counts, steps }: RunEnd, back: Back, missing: number): RunReport["figures"] {
  return [
    { name: "peakConnections", value: Math.max(...steps.map(({ figures }) => figures.peakSockets ?? 0)), unit: "sockets" },
    { name: "messagesPlanned", value: counts.planned, unit: "messages" },
    { name: "messages", value: counts.sent, unit: "messages" },
    { name: "messagesHeldBack", value: counts.heldBack, unit: "messages" },
    { name: "messagesNotSent", value: counts.planned - counts.sent, unit: "messages" },
    { name: "deliveries", value: counts.deliveries, unit: "deliveries" },
    { name: "rejoins", value: counts.rejoins, unit: "sockets" },
    { name: "notBack", value: missing, unit: "sockets" },
    ...backFigures(back),
  ];
}

/** Where nobody was away, nobody came back within any time. */
export function backFigures({ cut, withinMs, historyReads }: Back): RunReport["figures"] {
  return [
    { name: "cutOff", value: cut, unit: "sockets" },
    ...(cut === 0 ? [] : [{ name: "backWithinMs", value: withinMs, unit: "ms" }]),
    ...(historyReads === undefined ? [] : [{ name: "historyReads", value: historyReads, unit: "reads" }]),
  ];
}
