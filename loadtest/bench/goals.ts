/** What drawchat is to reach, as ratios of what was measured in the same round, and whether it does. */
import type { FanOut } from "./fan-out.ts";
import type { IdleTurn } from "./idle-memory.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { Turn } from "./turn.ts";

export interface Goal {
  readonly text: string;
  readonly spread: Spread;
  readonly unit: string;
  readonly holds: boolean;
  /** Turns that prove nothing although they were repeated. */
  readonly voidTurns: number;
}

export interface Results {
  readonly fanOut: FanOut | undefined;
  readonly idle: readonly (readonly IdleTurn[])[];
  readonly sizes: readonly (readonly Turn[])[];
}

const V2_TO_FLOOR = 1.3;
const V1_TO_FLOOR = 1.2;
const V2_P99_MS = 150;
const PEERS = [
  { name: "socket.io", title: "Socket.IO", factor: 30 },
  { name: "ws", title: "ws", factor: 20 },
] as const;
const PEERS_AT = 400;
const HELD_DELIVERIES = 8_000_000;
const HELD_P99_MS = 200;
const IDLE_BYTES = 1_536;
const IDLE_TO_SOCKET_IO = 0.1;
const SIZES_FLATNESS = 1.5;
/** An open-loop publisher of a turn ends within this of what it was to publish. */
const HELD_SHARE = 0.98;

/** Those that can be judged by what was played. */
export function judgeGoals(results: Results): Goal[] {
  return [...fanOutGoals(results.fanOut?.rounds ?? []), ...idleGoals(results.idle), ...sizesGoals(results.sizes)];
}

type Rounds = readonly (readonly Turn[])[];
type Pick = (turns: readonly Turn[]) => Turn | undefined;

const at =
  (name: string, messagesPerSecond?: number): Pick =>
  (turns) =>
    turns.find((turn) => turn.contestant === name && (messagesPerSecond === undefined || turn.messagesPerSecond === messagesPerSecond));
const cpu = (turn: Turn) => turn.cpuMicrosPerDelivery;

function fanOutGoals(rounds: Rounds): Goal[] {
  const rates = [...new Set(rounds.flat().flatMap((turn) => (turn.contestant === "v2" ? [turn.messagesPerSecond] : [])))];
  const goals = rates.flatMap((rate) => [
    ratioGoal(
      `v2 to its floor at ${rate} messages/s: at most ${V2_TO_FLOOR} ×`,
      rounds,
      at("v2", rate),
      at("floor", rate),
      (x) => x <= V2_TO_FLOOR,
    ),
    figureGoal(
      `v2 p99 at ${rate} messages/s: below ${V2_P99_MS} ms`,
      rounds,
      at("v2", rate),
      (turn) => turn.p99Ms,
      "ms",
      (x) => x < V2_P99_MS,
    ),
  ]);
  goals.push(ratioGoal(`v1 to its floor: at most ${V1_TO_FLOOR} ×`, rounds, at("v1"), at("floor-v1"), (x) => x <= V1_TO_FLOOR));
  for (const { name, title, factor } of PEERS) {
    const rate = rounds.flat().find((turn) => turn.contestant === name)?.messagesPerSecond;
    const text = `${title} at ${rate} messages/s to v2 at ${PEERS_AT}: at least ${factor} ×`;
    goals.push(ratioGoal(text, rounds, at(name), at("v2", PEERS_AT), (x) => x >= factor));
  }
  return [...goals, heldGoal(rounds)].filter((goal) => goal !== undefined);
}

/** 8 M deliveries a second by one gateway core: as many as were published, in time. */
function heldGoal(rounds: Rounds): Goal | undefined {
  const isAsked = (turn: Turn) => turn.contestant === "v2" && turn.messagesPerSecond * turn.sockets === HELD_DELIVERIES;
  const turns = rounds.flatMap((round) => round.filter(isAsked));
  const isHeld = turns.every((turn) => turn.missing === 0 && turn.p99Ms < HELD_P99_MS);
  const text = `v2 holds ${HELD_DELIVERIES / 1e6} M deliveries/s on one core, p99 below ${HELD_P99_MS} ms`;
  return goalOf({ text, unit: "M/s", turns, values: turns.map((turn) => turn.deliveriesPerSecond / 1e6) }, (median) => {
    return isHeld && median * 1e6 >= HELD_DELIVERIES * HELD_SHARE;
  });
}

function idleGoals(rounds: readonly (readonly IdleTurn[])[]): Goal[] {
  const bytesOf = (turns: readonly IdleTurn[], name: string) => turns.find(({ contestant }) => contestant === name)?.bytesPerSocket;
  const ours = rounds.flatMap((turns) => bytesOf(turns, "v2") ?? []);
  const ratios = rounds.flatMap((turns) => {
    const [own, theirs] = [bytesOf(turns, "v2"), bytesOf(turns, "socket.io")];
    return own === undefined || theirs === undefined ? [] : [own / theirs];
  });
  return [
    goalOf(
      { text: `v2, memory of an idle socket: at most ${IDLE_BYTES} bytes`, unit: "bytes", turns: [], values: ours },
      (x) => x <= IDLE_BYTES,
    ),
    goalOf(
      { text: `v2, memory of an idle socket to Socket.IO: at most ${IDLE_TO_SOCKET_IO} ×`, unit: "×", turns: [], values: ratios },
      (x) => {
        return x <= IDLE_TO_SOCKET_IO;
      },
    ),
  ].filter((goal) => goal !== undefined);
}

function sizesGoals(rounds: Rounds): Goal[] {
  const flatness = rounds.filter((turns) => turns.length > 1).map((turns) => Math.max(...turns.map(cpu)) / Math.min(...turns.map(cpu)));
  const sizes = rounds[0]?.map(({ sockets }) => sockets) ?? [];
  const text = `v2, dearest to cheapest delivery with ${Math.min(...sizes)} to ${Math.max(...sizes)} sockets: at most ${SIZES_FLATNESS} ×`;
  return [goalOf({ text, unit: "×", turns: rounds.flat(), values: flatness }, (x) => x <= SIZES_FLATNESS)].filter(
    (goal) => goal !== undefined,
  );
}

function ratioGoal(text: string, rounds: Rounds, ours: Pick, theirs: Pick, isReached: (ratio: number) => boolean): Goal | undefined {
  const pairs = rounds.flatMap((turns) => {
    const [a, b] = [ours(turns), theirs(turns)];
    return a === undefined || b === undefined ? [] : [[a, b] as const];
  });
  return goalOf({ text, unit: "×", turns: pairs.flat(), values: pairs.map(([a, b]) => cpu(a) / cpu(b)) }, isReached);
}

function figureGoal(text: string, rounds: Rounds, pick: Pick, of: (turn: Turn) => number, unit: string, isReached: (x: number) => boolean) {
  const turns = rounds.flatMap((round) => pick(round) ?? []);
  return goalOf({ text, unit, turns, values: turns.map(of) }, isReached);
}

interface Measured {
  text: string;
  unit: string;
  turns: readonly Turn[];
  values: readonly number[];
}

/** Undefined where nobody was measured that it is about. */
function goalOf({ text, unit, turns, values }: Measured, isReached: (median: number) => boolean): Goal | undefined {
  const spread = spreadOf(values);
  if (spread === undefined) return undefined;
  return { text, unit, spread, holds: isReached(spread.median), voidTurns: turns.filter((turn) => turn.void !== undefined).length };
}
