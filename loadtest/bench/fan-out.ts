/**
 * The chapter of fan-out: all contestants with their sockets at once, one of them at work at a time. First the highest rate
 * that each holds is looked for; then they take turns.
 */
import type { Arena, Contestant } from "./contestants.ts";
import type { BenchOptions } from "./options.ts";
import { connect, type Seated, seatAll } from "./seated.ts";
import { playTurn, type Turn } from "./turn.ts";

/** The highest rate at which 99 % of what was published came within 200 ms; all 0 where none was found. */
export interface Limit {
  readonly contestant: string;
  readonly messagesPerSecond: number;
  readonly deliveriesPerSecond: number;
  readonly cpuShare: number;
  readonly p99Ms: number;
  /** What the next rung did not hold: such as `p99 412 ms`. */
  readonly endedBy: string;
}

export interface FanOut {
  readonly limits: readonly Limit[];
  /** In the order in which they were played, round by round. */
  readonly rounds: readonly (readonly Turn[])[];
}

const MAX_P99_MS = 200;
/** Deliveries a second at which the search begins: those with arrays begin where the others cannot come. */
const LIMIT_FROM = { arrays: 2_000_000, single: 20_000 };
const LIMIT_STEP = 1.5;
const LIMIT_FINE_STEP = 1.22;
const LIMIT_MOST = 64_000_000;
/**
 * Faster rates come as groups at so many instants a second: a call of `accept` for each message would leave Redis and the publisher
 * little of the core that they share with the client, and a tick is longer than the distance of two groups.
 */
const INSTANTS_PER_SECOND = 400;
/** A turn that proves nothing is played again so often. */
const REPETITIONS = 1;

export const hasArrays = (name: string) => name === "v2" || name === "floor";

export async function playFanOut(
  arena: Arena,
  contestants: readonly Contestant[],
  options: BenchOptions,
  tell: (line: string) => void,
): Promise<FanOut> {
  const seated = await seatAll(contestants.map((contestant) => ({ arena, contestant, sockets: options.sockets })));
  try {
    for (const one of seated) await connect(one, options.sockets);
    tell(`${seated.length} contestants, each with ${options.sockets} sockets`);
    const limits = options.ratePeers === undefined ? await findLimits(arena, seated, options, tell) : [];
    const rounds: Turn[][] = [];
    for (let n = 0; n < options.turns; n += 1) rounds.push(await playRound(arena, planRound(seated, options, limits, n), options, tell));
    return { limits, rounds };
  } finally {
    await Promise.all(seated.map((one) => one.stop()));
  }
}

interface Part {
  one: Seated;
  messagesPerSecond: number;
}

const burstAt = (messagesPerSecond: number) => Math.ceil(messagesPerSecond / INSTANTS_PER_SECOND);

/** Every second round is played backwards: nobody always comes behind the same one. */
function planRound(seated: readonly Seated[], { rates, rateV1, ratePeers }: BenchOptions, limits: readonly Limit[], round: number): Part[] {
  const ratesOf = (name: string): readonly number[] => {
    if (hasArrays(name)) return rates;
    if (name === "v1" || name === "floor-v1") return [rateV1];
    return [ratePeers ?? (limits.find(({ contestant }) => contestant === name)?.messagesPerSecond || rateV1)];
  };
  const parts = seated.flatMap((one) => ratesOf(one.contestant.name).map((messagesPerSecond) => ({ one, messagesPerSecond })));
  // The same rate of v2 and its floor next to each other: what is compared is measured within seconds.
  parts.sort(
    (a, b) =>
      Number(hasArrays(b.one.contestant.name)) - Number(hasArrays(a.one.contestant.name)) || a.messagesPerSecond - b.messagesPerSecond,
  );
  return round % 2 === 0 ? parts : parts.reverse();
}

async function playRound(
  arena: Arena,
  parts: readonly Part[],
  { seconds, textBytes, isQuick }: BenchOptions,
  tell: (line: string) => void,
): Promise<Turn[]> {
  const play = async ({ one, messagesPerSecond }: Part) => {
    const plan = { messagesPerSecond, burst: burstAt(messagesPerSecond), seconds, textBytes };
    const turn = isQuick ? await playTurn(arena, one, plan) : await playTurnThatCounts(arena, one, plan);
    tell(turnLine(one.contestant.title, turn));
    return turn;
  };
  // Whether everything works shows all at once as well; what is measured is measured alone.
  if (isQuick) return await Promise.all(parts.map(play));
  const turns: Turn[] = [];
  for (const part of parts) turns.push(await play(part));
  return turns;
}

/** Where every repetition is void too, the last one is handed on as that. */
async function playTurnThatCounts(arena: Arena, one: Seated, plan: Parameters<typeof playTurn>[2]): Promise<Turn> {
  for (let repetition = 0; ; repetition += 1) {
    const turn = await playTurn(arena, one, plan);
    if (turn.void === undefined || repetition === REPETITIONS) return turn;
  }
}

async function findLimits(arena: Arena, seated: readonly Seated[], options: BenchOptions, tell: (line: string) => void): Promise<Limit[]> {
  const limits: Limit[] = [];
  for (const one of seated) {
    const limit = await findLimit(arena, one, options);
    const holds =
      limit.messagesPerSecond === 0
        ? `holds no rate that was tried (${limit.endedBy} at the lowest), its turns are played at ${options.rateV1} messages/s`
        : `holds ${round(limit.messagesPerSecond)} messages/s (${limit.endedBy} beyond it)`;
    tell(`${one.contestant.title}: ${holds}`);
    limits.push(limit);
  }
  return limits;
}

async function findLimit(arena: Arena, one: Seated, { seconds, textBytes }: BenchOptions): Promise<Limit> {
  const { name } = one.contestant;
  const first = LIMIT_FROM[hasArrays(name) ? "arrays" : "single"] / one.sockets;
  const { held, endedBy } = await climb({ first, most: LIMIT_MOST / one.sockets }, async (rate) => {
    const messagesPerSecond = Math.max(1, Math.round(rate));
    const rung = { messagesPerSecond, burst: burstAt(messagesPerSecond), seconds: Math.min(seconds, 2), textBytes };
    const turn = await playTurn(arena, one, rung);
    // What disturbs for a moment is no limit.
    const again = problemOf(turn) === undefined ? turn : await playTurn(arena, one, rung);
    return { turn: again, problem: problemOf(again) };
  });
  return {
    contestant: name,
    messagesPerSecond: held?.messagesPerSecond ?? 0,
    deliveriesPerSecond: held?.deliveriesPerSecond ?? 0,
    cpuShare: held?.cpuShare ?? 0,
    p99Ms: held?.p99Ms ?? 0,
    endedBy,
  };
}

export interface Rung<T> {
  readonly turn: T;
  /** Why the rate was not held; undefined where it was. */
  readonly problem: string | undefined;
}

/**
 * In large steps up to what is not held, then in a small one. Where the first rate is not held already, down by halves to one
 * that is, one message a second at the least: `held` is undefined where not even that was.
 */
export async function climb<T extends { readonly messagesPerSecond: number }>(
  { first, most }: { readonly first: number; readonly most: number },
  play: (messagesPerSecond: number) => Promise<Rung<T>>,
): Promise<{ held: T | undefined; endedBy: string }> {
  let held: T | undefined;
  let endedBy = "";
  let isFine = false;
  for (let rate = first; rate <= most; ) {
    const { turn, problem } = await play(rate);
    if (problem === undefined) held = turn;
    else endedBy = problem;
    if (isFine) break;
    if (problem === undefined && endedBy === "") rate *= LIMIT_STEP;
    else if (held !== undefined) {
      isFine = true;
      rate = held.messagesPerSecond * LIMIT_FINE_STEP;
    } else if (rate <= 1) break;
    else rate = Math.max(1, rate / 2);
  }
  return { held, endedBy };
}

/** Why a rate is not held; undefined where it is. */
function problemOf(turn: Turn): string | undefined {
  if (turn.void !== undefined) return `void: ${turn.void}`;
  if (turn.missing > 0) return `${turn.missing} deliveries missing`;
  if (turn.p99Ms >= MAX_P99_MS) return `p99 ${Math.round(turn.p99Ms)} ms`;
  return undefined;
}

export function turnLine(title: string, turn: Turn): string {
  const figures = `${turn.cpuMicrosPerDelivery.toFixed(3)} µs a delivery, p99 ${Math.round(turn.p99Ms)} ms, core ${Math.round(turn.cpuShare * 100)} %`;
  const problem = problemOf(turn);
  return `  ${title.padEnd(36)} ${String(round(turn.messagesPerSecond)).padStart(6)}/s  ${figures}${problem === undefined ? "" : `  (${problem})`}`;
}

const round = (value: number) => Math.round(value * 10) / 10;
