/**
 * A draw night from the first viewer to the last, as its seed plans it. What counts is that nothing is lost on the way: the
 * certificate, the likes that screens and tables agree on, a row for each viewer.
 */
import { sleep } from "@drawchat/runtime/backoff";
import { nowUs } from "../generator/clock.ts";
import { takeTokens } from "../generator/tokens.ts";
import type { RunReport } from "../report/run-report.ts";
import { checkNight } from "./night-checks.ts";
import { type NightOptions, type NightPlan, peakJoinsPerSecond, planNight } from "./night-schedule.ts";
import { Screen } from "./screen.ts";
import { reportOf } from "./staged-report.ts";
import { type RunEnd, type Stage, StagedRun } from "./staged-run.ts";

export interface NightRun extends Stage {
  readonly night: NightOptions;
}

/** Until the first act: orders with thousands of acts take their time to the workers. */
const LEAD_US = 1_000_000;

/** What a cluster for it must take. */
export function nightNeeds(night: NightOptions): { sockets: number; rooms: number; connectsPerSecond: number } {
  return { sockets: night.viewers, rooms: night.rooms, connectsPerSecond: Math.ceil(peakJoinsPerSecond(night)) };
}

/** Rejects where the run could not be made; what the chat did wrong is in the report. */
export async function runNight({ night, ...stage }: NightRun): Promise<RunReport> {
  const { target, onProgress } = stage;
  const plan = planNight(night);
  onProgress(`seed ${night.seed}: ${describe(plan)}`);
  const staged = await StagedRun.start(stage, night.viewers);
  const screens: Screen[] = [];
  try {
    const tokens = await takeTokens(target.tokens, night.viewers, target.sessions.length);
    for (const [i, session] of target.sessions.entries()) {
      const road = target.roads[i % target.roads.length];
      if (road !== undefined) screens.push(await Screen.open(road, session, tokens[i] ?? ""));
    }
    await play(staged, plan, onProgress);
    onProgress("waiting for what is on its way");
    const certified = await staged.certify();
    const { databaseUrl } = target;
    if (databaseUrl !== undefined) onProgress("comparing likes and viewers with the tables");
    const checked =
      databaseUrl === undefined
        ? { figures: [], faults: [] }
        : await checkNight({ databaseUrl, screens, people: peopleOf(plan, target.sessions) });
    const end = await staged.end();
    const figures = [...figuresOf(end), ...checked.figures];
    return reportOf(end, { scenario: "night", seed: night.seed, options: { ...night }, figures, ...certified, faults: checked.faults });
  } finally {
    for (const screen of screens) screen.close();
    await staged.finish();
  }
}

/** Resolves when the last phase is over. */
async function play(staged: StagedRun, { timeline, phases }: NightPlan, onProgress: Stage["onProgress"]): Promise<void> {
  const { fleet, target } = staged;
  await fleet.measure();
  const startUs = nowUs() + LEAD_US;
  const playing = fleet.play(timeline, { roads: target.roads, sessions: target.sessions }, startUs);
  const telling = async () => {
    for (const { name, untilMs } of phases) {
      await sleep((startUs - nowUs()) / 1_000 + untilMs);
      onProgress(summaryOf(staged.endPhase(name)));
    }
  };
  await Promise.all([playing, telling()]);
}

function figuresOf({ counts, steps }: RunEnd): RunReport["figures"] {
  return [
    { name: "peakConnections", value: Math.max(...steps.map(({ figures }) => figures.peakSockets ?? 0)), unit: "sockets" },
    { name: "messages", value: counts.sent, unit: "messages" },
    { name: "deliveries", value: counts.deliveries, unit: "deliveries" },
    { name: "likesSent", value: counts.likes, unit: "likes" },
    { name: "likesNotSent", value: counts.unsentLikes, unit: "likes" },
    { name: "rejoins", value: counts.rejoins, unit: "sockets" },
  ];
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
