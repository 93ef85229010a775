/** One turn of one contestant: messages at a steady rate, open-loop, and what it cost to deliver them. */
import { setTimeout as delay } from "node:timers/promises";
import { nowUs } from "../src/generator/clock.ts";
import { pace } from "../src/generator/pacer.ts";
import type { Arena } from "./contestants.ts";
import { CLIENT_CORE, cpuSecondsOf, readCore, SERVER_CORE, shareBetween } from "./machine.ts";
import type { Seated } from "./seated.ts";

export interface TurnPlan {
  messagesPerSecond: number;
  /** So many come at the same instant. Default 1: at even distances. */
  burst?: number;
  seconds: number;
  textBytes: number;
}

export interface Turn {
  readonly contestant: string;
  readonly sockets: number;
  readonly messagesPerSecond: number;
  readonly deliveriesPerSecond: number;
  /** Of the server's process, all threads, user and system. */
  readonly cpuMicrosPerDelivery: number;
  /** Of its core. */
  readonly cpuShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Frames that hold messages. */
  readonly framesPerSecondAndSocket: number;
  readonly bytesPerFrame: number;
  readonly redisCpuMicrosPerMessage: number;
  /** Of the core that client, Redis and publisher share. */
  readonly clientCoreShare: number;
  /** Messages times sockets that had not come when the turn was long over. */
  readonly missing: number;
  /** Why it proves nothing: not the server was at its limit. */
  readonly void: string | undefined;
}

/** Before the measured time; of a shorter turn its half. */
const WARM_MS = 400;
const TAIL_MS = 100;
/** For what is under way when the last message was published. */
const DRAIN_MS = 3_000;
/** What a turn beyond the limit leaves under way would be counted as late in the next one. */
const BACKLOG_MS = 30_000;
const LOOK_MS = 50;
/** Nothing came for so long: nothing is under way. */
const QUIET_LOOKS = 8;
const LATE_US = 100_000;
const FULL_CORE = 0.985;
/** A client at its limit makes a turn look worse, never better: where everything came within this, it was no bottleneck. */
const IN_TIME_MS = 150;

export async function playTurn({ store }: Arena, seated: Seated, plan: TurnPlan): Promise<Turn> {
  const { fleet, contestant } = seated;
  // A server that was asked too much before has cut some off: they come back first.
  await fleet.settled();
  await becomeQuiet(seated);
  await seated.server.calm?.();
  const deliveredBefore = fleet.totals.counts.deliveries;
  const publishing = publishSteadily(seated, plan);
  await delay(warmMs(plan));
  await fleet.measure();
  fleet.totals.clearLatency("delivery");
  const from = await look(seated, store.pid);
  await delay(plan.seconds * 1_000);
  await fleet.settled(); // every worker reports before it answers
  const to = await look(seated, store.pid);
  const [latency, { void: generatorProblem }] = [fleet.totals.latency("delivery"), fleet.totals.health];
  const { count, late, failed } = await publishing;
  const owed = (count - failed) * seated.sockets;
  const came = await drain(seated, deliveredBefore + owed);

  const seconds = (to.us - from.us) / 1_000_000;
  const deliveries = to.counts.deliveries - from.counts.deliveries;
  const frames = to.counts.deliveredFrames - from.counts.deliveredFrames;
  const clientCoreShare = shareBetween(from.clientCore, to.clientCore);
  const missing = deliveredBefore + owed - came;
  const isInTime = missing === 0 && latency.p99 < IN_TIME_MS;
  const lost = seated.sockets - fleet.totals.states.joined;
  const problems = [
    generatorProblem,
    lost > 0 ? `${lost} sockets were cut off` : undefined,
    clientCoreShare > FULL_CORE ? `the core of the client was full (${Math.round(clientCoreShare * 100)} %)` : undefined,
    late > count / 100 ? `${late} of ${count} messages were published over 100 ms late` : undefined,
    failed > 0 ? `${failed} of ${count} messages could not be published` : undefined,
  ].filter((problem) => problem !== undefined);
  return {
    contestant: contestant.name,
    sockets: seated.sockets,
    messagesPerSecond: plan.messagesPerSecond,
    deliveriesPerSecond: deliveries / seconds,
    cpuMicrosPerDelivery: ((to.serverCpuSeconds - from.serverCpuSeconds) * 1_000_000) / Math.max(1, deliveries),
    cpuShare: shareBetween(from.serverCore, to.serverCore),
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    framesPerSecondAndSocket: frames / seconds / seated.sockets,
    bytesPerFrame: frames === 0 ? 0 : (to.counts.bytes - from.counts.bytes) / frames,
    redisCpuMicrosPerMessage: ((to.redisCpuSeconds - from.redisCpuSeconds) * 1_000_000) / (plan.messagesPerSecond * seconds),
    clientCoreShare,
    missing,
    void: problems.length === 0 || isInTime ? undefined : problems.join("; "),
  };
}

const warmMs = ({ seconds }: TurnPlan) => Math.min(WARM_MS, seconds * 500);

interface Look {
  us: number;
  counts: Seated["fleet"]["totals"]["counts"];
  serverCpuSeconds: number;
  redisCpuSeconds: number;
  serverCore: Awaited<ReturnType<typeof readCore>>;
  clientCore: Awaited<ReturnType<typeof readCore>>;
}

async function look({ fleet, server }: Seated, redisPid: number): Promise<Look> {
  const [serverCpuSeconds, redisCpuSeconds, serverCore, clientCore] = await Promise.all([
    cpuSecondsOf(server.pid),
    cpuSecondsOf(redisPid),
    readCore(SERVER_CORE),
    readCore(CLIENT_CORE),
  ]);
  return { us: nowUs(), counts: fleet.totals.counts, serverCpuSeconds, redisCpuSeconds, serverCore, clientCore };
}

interface Published {
  count: number;
  late: number;
  /** Refused: those who take them in were at their limit. */
  failed: number;
}

/** From a moment before the measured time until a moment behind it. */
async function publishSteadily(seated: Seated, plan: TurnPlan): Promise<Published> {
  const { messagesPerSecond, seconds, textBytes, burst = 1 } = plan;
  const count = Math.ceil(messagesPerSecond * (seconds + (warmMs(plan) + TAIL_MS) / 1_000));
  const { run } = seated.fleet;
  const startUs = nowUs();
  const failedBefore = seated.publisher.failed;
  let late = 0;
  const timeOf = (i: number) => startUs + ((i - (i % burst)) * 1_000_000) / messagesPerSecond;
  const act = (_: number, dueUs: number) => {
    if (nowUs() - dueUs > LATE_US) late += 1;
    seated.publisher.publish({ run, n: seated.published, sentUs: Math.round(dueUs), textBytes });
    seated.published += 1;
  };
  await pace({ count, timeOf, act }, new AbortController().signal);
  const failed = seated.publisher.failed - failedBefore;
  return { count, late, failed };
}

/** Resolves when nothing of an earlier turn comes any more. */
async function becomeQuiet({ fleet }: Seated): Promise<void> {
  const deadline = nowUs() + BACKLOG_MS * 1_000;
  let before = fleet.totals.counts.deliveries;
  for (let quiet = 0; quiet < QUIET_LOOKS && nowUs() < deadline; ) {
    await delay(LOOK_MS);
    await fleet.settled();
    const { deliveries } = fleet.totals.counts;
    quiet = deliveries === before ? quiet + 1 : 0;
    before = deliveries;
  }
}

/** Resolves with what has come, as soon as that is all of it, or nothing comes any more. */
async function drain({ fleet }: Seated, owed: number): Promise<number> {
  const deadline = nowUs() + DRAIN_MS * 1_000;
  while (fleet.totals.counts.deliveries < owed && nowUs() < deadline) {
    await delay(LOOK_MS);
    await fleet.settled();
  }
  return fleet.totals.counts.deliveries;
}
