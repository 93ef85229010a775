/**
 * A draw night from the first viewer to the last, as its seed plans it. What counts is that nothing is lost on the way: the
 * certificate, the likes that screens and tables agree on, a row for each viewer.
 */
import { sleep } from "@drawchat/runtime/backoff";
import { nowUs } from "../generator/clock.ts";
import { LATENCIES } from "../generator/latency.ts";
import { takeTokens } from "../generator/tokens.ts";
import type { Certificate } from "../ledger/certificate.ts";
import type { RunReport } from "../report/run-report.ts";
import type { Target } from "../target/target.ts";
import { type Checked, checkNight } from "./night-checks.ts";
import type { Phase } from "./night-phases.ts";
import { type NightOptions, type NightPlan, peakJoinsPerSecond, planNight } from "./night-schedule.ts";
import { PhaseMeter } from "./phase-meter.ts";
import { Screen } from "./screen.ts";
import { namedNotes, type OnLive, placeOf, StagedRun } from "./staged-run.ts";

export interface NightRun {
  readonly target: Target;
  readonly night: NightOptions;
  readonly onProgress: (what: string) => void;
  readonly onLive?: OnLive | undefined;
}

/** Until the first act: orders with thousands of acts take their time to the workers. */
const LEAD_US = 1_000_000;
const LOOK_MS = 250;

/** What a cluster for it must take. */
export function nightNeeds(night: NightOptions): { sockets: number; rooms: number; connectsPerSecond: number } {
  return { sockets: night.viewers, rooms: night.rooms, connectsPerSecond: Math.ceil(peakJoinsPerSecond(night)) };
}

/** Rejects where the run could not be made; what the chat did wrong is in the report. */
export async function runNight({ target, night, onProgress, onLive }: NightRun): Promise<RunReport> {
  const plan = planNight(night);
  onProgress(`seed ${night.seed}: ${describe(plan)}`);
  const meter = new PhaseMeter();
  const staged = await StagedRun.start({ target, onLive, sockets: night.viewers, onReport: (report) => meter.add(report) });
  const screens: Screen[] = [];
  try {
    const tokens = await takeTokens(target.tokens, night.viewers, target.sessions.length);
    for (const [i, session] of target.sessions.entries()) {
      const road = target.roads[i % target.roads.length];
      if (road !== undefined) screens.push(await Screen.open(road, session, tokens[i] ?? ""));
    }
    await play(staged, { plan, target, meter, onProgress });
    onProgress("waiting for what is on its way");
    const { certificate, hasSettled } = await staged.certify();
    const { databaseUrl } = target;
    if (databaseUrl !== undefined) onProgress("comparing likes and viewers with the tables");
    const checked =
      databaseUrl === undefined
        ? { figures: [], faults: [] }
        : await checkNight({ databaseUrl, screens, people: peopleOf(plan, target.sessions) });
    return await reportOf({ staged, night, meter, certificate, hasSettled, checked });
  } finally {
    for (const screen of screens) screen.close();
    await staged.finish();
  }
}

interface Course {
  readonly plan: NightPlan;
  readonly target: Target;
  readonly meter: PhaseMeter;
  readonly onProgress: (what: string) => void;
}

/** Resolves when the last phase is over. */
async function play({ fleet, collector }: StagedRun, { plan, target, meter, onProgress }: Course): Promise<void> {
  await fleet.measure();
  const startUs = nowUs() + LEAD_US;
  const playing = fleet.play(plan.timeline, { roads: target.roads, sessions: target.sessions }, startUs);
  const watching = watch(plan.phases, startUs, (phase, isOver) => {
    const { states } = fleet.totals;
    meter.noteJoined(states.joined);
    if (!isOver) collector.note("connections", "joined", "sockets", states.joined);
    else onProgress(summaryOf(meter.end(phase.name, fleet)));
  });
  await Promise.all([playing, watching]);
}

/** Looks at each phase until it is over. */
async function watch(phases: readonly Phase[], startUs: number, look: (phase: Phase, isOver: boolean) => void): Promise<void> {
  for (const phase of phases) {
    const leftMs = () => (startUs - nowUs()) / 1_000 + phase.untilMs;
    while (leftMs() > 0) {
      await sleep(Math.min(LOOK_MS, leftMs()));
      look(phase, false);
    }
    look(phase, true);
  }
}

function describe({ timeline, phases }: NightPlan): string {
  const count = (does: string) => timeline.filter((act) => act.does === does).length;
  const seconds = Math.round((phases.at(-1)?.untilMs ?? 0) / 1_000);
  return `${count("connect")} viewers in ${seconds} s, ${count("say")} messages, ${count("like")} likes, ${count("drop")} lose their network`;
}

function summaryOf({ name, figures }: RunReport["steps"][number]): string {
  const { seconds, peakSockets, messages, deliveriesPerSecond, deliveryP99Ms } = figures;
  return `${name}: ${seconds} s, ${peakSockets} sockets, ${messages} messages, ${deliveriesPerSecond} deliveries/s, p99 ${deliveryP99Ms} ms`;
}

/** As planned: who should have come, and who should be there still. */
function peopleOf({ timeline }: NightPlan, sessions: readonly number[]): Map<number, { came: number; stayed: number }> {
  const people = new Map(sessions.map((session) => [session, { came: 0, stayed: 0 }]));
  const roomOf = new Map<number, number>();
  for (const act of timeline) {
    if (act.does === "connect") roomOf.set(act.socket, act.room);
    const here = people.get(sessions[roomOf.get(act.socket) ?? -1] ?? -1);
    if (here === undefined) continue;
    if (act.does === "connect") {
      here.came += 1;
      here.stayed += 1;
    }
    if (act.does === "leave") here.stayed -= 1;
  }
  return people;
}

interface Outcome {
  readonly staged: StagedRun;
  readonly night: NightOptions;
  readonly meter: PhaseMeter;
  readonly certificate: Certificate;
  readonly hasSettled: boolean;
  readonly checked: Checked;
}

async function reportOf({ staged, night, meter, certificate, hasSettled, checked }: Outcome): Promise<RunReport> {
  const { totals } = staged.fleet;
  const { counts, health, named } = totals;
  const { seconds } = staged;
  const collected = await staged.finish();
  return {
    format: 1,
    scenario: "night",
    startedAt: staged.startedAt.toISOString(),
    seconds: Math.round(seconds * 10) / 10,
    seed: night.seed,
    options: { ...night },
    ...placeOf(staged.target),
    ...(health.void === undefined ? {} : { void: health.void }),
    generator: {
      processes: health.processes,
      maxCpuShare: health.maxCpuShare,
      loopDelayP99Ms: health.loopDelayP99Ms,
      sentLate: health.sentLate,
    },
    figures: [
      { name: "peakConnections", value: Math.max(...meter.steps.map(({ figures }) => figures.peakSockets ?? 0)), unit: "sockets" },
      { name: "messages", value: counts.sent, unit: "messages" },
      { name: "deliveries", value: counts.deliveries, unit: "deliveries" },
      { name: "likesSent", value: counts.likes, unit: "likes" },
      { name: "likesNotSent", value: counts.unsentLikes, unit: "likes" },
      { name: "rejoins", value: counts.rejoins, unit: "sockets" },
      ...checked.figures,
      ...collected.figures,
    ],
    latencies: [...LATENCIES].map((name) => totals.latency(name)),
    steps: meter.steps,
    processes: collected.processes,
    series: collected.series,
    certificate,
    faults: checked.faults,
    notes: [
      ...collected.notes,
      ...(hasSettled ? [] : ["not everything had come within 20 s of the last answer: what was missing then is in the certificate"]),
      ...namedNotes(named),
    ],
  };
}
