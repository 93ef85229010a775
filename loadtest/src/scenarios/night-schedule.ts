/**
 * Everything that the viewers of a night do, drawn from a seed before it begins: the same options give the same joins, words,
 * likes, losses and goodbyes, to the byte and the millisecond.
 */
import type { Act, ConnectAct, LikeAct, SayAct, SayingName, Timeline } from "../generator/timeline.ts";
import { chatLine } from "./chat-lines.ts";
import { type Phase, phaseNamed, phasesOf, talkingMoment } from "./night-phases.ts";
import { Seeded } from "./seeded.ts";

export interface NightOptions {
  readonly seed: number;
  readonly viewers: number;
  readonly rooms: number;
  readonly seconds: number;
  /** Shares are from 0 to 1, of all viewers. Who speaks version 1. */
  readonly v1Share: number;
  /** Who writes, apart from the draw. */
  readonly chatterShare: number;
  /** Mean of those who write. */
  readonly messagesPerChatter: number;
  /** Who writes within seconds of the draw. */
  readonly burstShare: number;
  /** Of those who speak version 2: who likes the session. */
  readonly sessionLikeShare: number;
  /** Mean of those who speak version 2. */
  readonly messageLikesPerViewer: number;
  /** Whose network goes away once. */
  readonly dropShare: number;
}

export const TYPICAL_NIGHT = {
  v1Share: 0.25,
  chatterShare: 0.1,
  messagesPerChatter: 4,
  burstShare: 0.3,
  sessionLikeShare: 0.4,
  messageLikesPerViewer: 0.5,
  dropShare: 0.1,
} as const;

export interface NightPlan {
  readonly phases: readonly Phase[];
  readonly timeline: Timeline;
}

/** When somebody is there, as planned; `fromMs` leaves time to get in. */
interface Visit {
  readonly viewer: number;
  readonly room: number;
  readonly version: 1 | 2;
  readonly joinMs: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly leaveMs: number | undefined;
}

/** Of the doors' logistic curve: from -4.6 to 4.6 are 98 % of it. */
const CURVE_WIDTH = 9.2;
const EARLY_LEAVERS = 0.1;
/** They are there until everything ends. */
const STAYERS = 0.05;
/** Between joining and the first word: a share of the night, at most so long. */
const SETTLING_SHARE = 0.02;
const MAX_SETTLING_MS = 2_000;
/** Mean delay of what people do at the draw, and the longest. */
const REACTION_MS = 2_000;
const MAX_REACTION_MS = 8_000;
/** People like what they see on the screen. */
const LINES_ON_SCREEN = 40;
const ON_SCREEN_AFTER_MS = 500;

export function planNight(options: NightOptions): NightPlan {
  const phases = phasesOf(options.seconds);
  const visits = planVisits(options, phases);
  const sayings = planSayings(options, phases, visits);
  const acts: Act[] = [
    ...visits.flatMap(comingAndGoing),
    ...planDrops(options, visits),
    ...sayings,
    ...planLikes(options, phases, visits, sayings),
  ];
  // Stable: what falls on the same millisecond stays in the order of above, a join before everything else.
  return { phases, timeline: acts.sort((a, b) => a.atMs - b.atMs) };
}

/** In the middle of the doors' curve. */
export function peakJoinsPerSecond({ viewers, seconds }: NightOptions): number {
  const doorsSeconds = phaseNamed(phasesOf(seconds), "doors open").untilMs / 1_000;
  return (viewers * CURVE_WIDTH) / 4 / doorsSeconds;
}

/** Ranks are spread evenly over the curves, and viewers over the ranks: joins and leaves follow the curves exactly. */
function planVisits({ seed, viewers, rooms, seconds, v1Share }: NightOptions, phases: readonly Phase[]): Visit[] {
  const random = new Seeded(seed, "visits");
  const [joins, leaves, seats, versions] = [random.order(viewers), random.order(viewers), random.order(viewers), random.order(viewers)];
  const doors = phaseNamed(phases, "doors open");
  const settlingMs = Math.min(MAX_SETTLING_MS, seconds * 1_000 * SETTLING_SHARE);
  return Array.from({ length: viewers }, (_, viewer) => {
    const joinMs = Math.round(doors.untilMs * sCurve(((joins[viewer] ?? 0) + random.next()) / viewers));
    const leaveMs = leaveTime(phases, ((leaves[viewer] ?? 0) + random.next()) / viewers);
    return {
      viewer,
      room: (seats[viewer] ?? 0) % rooms,
      version: (versions[viewer] ?? 0) < Math.round(viewers * v1Share) ? 1 : 2,
      joinMs,
      fromMs: Math.round(joinMs + settlingMs),
      untilMs: Math.round((leaveMs ?? seconds * 1_000) - settlingMs),
      leaveMs,
    };
  });
}

/** Slow, fast, slow: where `rank` of all have come, both from 0 to 1. */
function sCurve(rank: number): number {
  const edge = 1 / (1 + Math.exp(CURVE_WIDTH / 2));
  const share = edge + rank * (1 - 2 * edge);
  return 0.5 + Math.log(share / (1 - share)) / CURVE_WIDTH;
}

/** Some go while it is talked over, most at its end, ever fewer later; some stay. */
function leaveTime(phases: readonly Phase[], rank: number): number | undefined {
  const [talking, leaving] = [phaseNamed(phases, "talking it over"), phaseNamed(phases, "leaving")];
  if (rank < EARLY_LEAVERS) return Math.round(between(talking, rank / EARLY_LEAVERS));
  if (rank >= 1 - STAYERS) return undefined;
  const share = (rank - EARLY_LEAVERS) / (1 - STAYERS - EARLY_LEAVERS);
  return Math.round(between(leaving, share ** 2 * 0.9));
}

function between({ fromMs, untilMs }: Phase, share: number): number {
  return fromMs + share * (untilMs - fromMs);
}

function comingAndGoing({ viewer, room, version, joinMs, leaveMs }: Visit): Act[] {
  const connect: ConnectAct = { atMs: joinMs, socket: viewer, does: "connect", room, version };
  return leaveMs === undefined ? [connect] : [connect, { atMs: leaveMs, socket: viewer, does: "leave" }];
}

function planDrops({ seed, viewers, dropShare }: NightOptions, visits: readonly Visit[]): Act[] {
  const random = new Seeded(seed, "drops");
  return firstOf(random, visits, Math.round(viewers * dropShare)).map(({ viewer, fromMs, untilMs }) => {
    return { atMs: Math.round(fromMs + random.next() * (untilMs - fromMs)), socket: viewer, does: "drop" };
  });
}

/** In order of time, as each sender says them. */
function planSayings(options: NightOptions, phases: readonly Phase[], visits: readonly Visit[]): SayAct[] {
  const random = new Seeded(options.seed, "sayings");
  const say = (viewer: number, atMs: number): SayAct => ({ atMs, socket: viewer, does: "say", words: chatLine(random) });
  const chatters = firstOf(random, visits, Math.round(options.viewers * options.chatterShare));
  const chatter = chatters.flatMap(({ viewer, fromMs, untilMs }) =>
    Array.from({ length: random.poisson(options.messagesPerChatter) }, () =>
      say(viewer, Math.round(talkingMoment(phases, fromMs, untilMs, random.next()))),
    ),
  );
  const excited = firstOf(random, visits, Math.round(options.viewers * options.burstShare));
  const burst = excited.map(({ viewer }) => say(viewer, reactionTime(random, phases)));
  return [...chatter, ...burst].sort((a, b) => a.atMs - b.atMs);
}

/** Most within two seconds of the draw. */
function reactionTime(random: Seeded, phases: readonly Phase[]): number {
  const { fromMs, untilMs } = phaseNamed(phases, "draw");
  const longestMs = Math.min(MAX_REACTION_MS, untilMs - fromMs);
  const meanMs = (REACTION_MS * longestMs) / MAX_REACTION_MS;
  const share = random.next() * (1 - Math.exp(-longestMs / meanMs));
  return Math.round(fromMs - meanMs * Math.log(1 - share));
}

function planLikes(options: NightOptions, phases: readonly Phase[], visits: readonly Visit[], sayings: readonly SayAct[]): LikeAct[] {
  const random = new Seeded(options.seed, "likes");
  const able = visits.filter(({ version }) => version === 2);
  const ofSession = firstOf(random, able, Math.round(able.length * options.sessionLikeShare)).map(
    ({ viewer, fromMs, untilMs }): LikeAct => {
      const isMoved = random.next() < 0.5;
      return {
        atMs: isMoved ? reactionTime(random, phases) : Math.round(fromMs + random.next() * (untilMs - fromMs)),
        socket: viewer,
        does: "like",
      };
    },
  );
  const lines = linesByRoom(visits, sayings, options.rooms);
  const ofMessages = able.flatMap(({ viewer, room, fromMs, untilMs }) => {
    const liked = new Map<string, LikeAct>();
    for (let count = random.poisson(options.messageLikesPerViewer); count > 0; count -= 1) {
      const atMs = Math.round(talkingMoment(phases, fromMs, untilMs, random.next()));
      const of = lineOnScreen(random, lines[room] ?? [], atMs);
      // A message is liked once by each.
      if (of !== undefined) liked.set(`${of.sender} ${of.n}`, { atMs, socket: viewer, does: "like", of });
    }
    return [...liked.values()];
  });
  return [...ofSession, ...ofMessages];
}

type Line = SayingName & { readonly atMs: number };

function linesByRoom(visits: readonly Visit[], sayings: readonly SayAct[], rooms: number): Line[][] {
  const lines = Array.from({ length: rooms }, (): Line[] => []);
  const counts = new Uint32Array(visits.length);
  for (const { socket, atMs } of sayings) {
    const n = counts[socket] ?? 0;
    counts[socket] = n + 1;
    lines[visits[socket]?.room ?? 0]?.push({ sender: socket, n, atMs });
  }
  return lines;
}

/** Likelier a new one than an old one. */
function lineOnScreen(random: Seeded, lines: readonly Line[], atMs: number): SayingName | undefined {
  const shown = lines.findLastIndex((line) => line.atMs + ON_SCREEN_AFTER_MS <= atMs) + 1;
  const line = lines[shown - 1 - Math.floor(random.next() ** 2 * Math.min(shown, LINES_ON_SCREEN))];
  return line === undefined ? undefined : { sender: line.sender, n: line.n };
}

/** So many of them, any. */
function firstOf<T>(random: Seeded, list: readonly T[], count: number): T[] {
  const order = random.order(list.length);
  return Array.from({ length: Math.min(count, list.length) }, (_, i) => list[order[i] ?? 0]).filter((item) => item !== undefined);
}
