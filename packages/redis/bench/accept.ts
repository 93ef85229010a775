/**
 * `npm run bench:accept`: the Acceptor, given single submissions of which many are under way at once, as in a gateway,
 * against the same script called in groups of 20 by a bare client. Alternating turns in a Redis that is as empty at the
 * start of each; medians, with the least and the most of the turns. BENCH_SECONDS of a turn (3), BENCH_TURNS (5).
 */
import type { RoomName } from "@drawchat/protocol/ids";
import { Env } from "@drawchat/runtime/env";
import { createLog } from "@drawchat/runtime/log";
import { cpuMicrosOf, goalVerdict, spreadOf } from "@drawchat/testkit/bench-turns";
import { Acceptor } from "../src/accept.ts";
import type { RedisClient } from "../src/connect.ts";
import { bareClient } from "./bare-client.ts";
import { type BenchRedis, startBenchRedis } from "./bench-redis.ts";
import { nextLine } from "./lines.ts";

const env = new Env(process.env);
const seconds = env.int("BENCH_SECONDS", 3, { min: 1, max: 5 });
const turns = env.int("BENCH_TURNS", 5, { min: 1, max: 99 });
env.finish();

/** Of what the bare client manages, by messages a second. */
const GOAL_PERCENT = 60;
const GROUP_SIZE = 20;
/** What a user may say in a minute, by default. */
const MESSAGES_PER_MINUTE = 10;
const log = createLog("bench", "warn");

/** Speaks until it is over; resolves with how many messages were accepted. */
type Contestant = (redis: RedisClient, room: RoomName, isOver: () => boolean) => Promise<number>;

/** So many senders, each waiting for the answer to one message before the next. */
function throughAcceptor(senders: number): Contestant {
  return async (redis, room, isOver) => {
    const limits = { session: MESSAGES_PER_MINUTE, conversation: 0 };
    const acceptor = new Acceptor({ redis, log, limits, restoreRoom: async () => "unavailable" });
    let accepted = 0;
    const speak = async () => {
      while (!isOver()) {
        const outcome = await acceptor.submit({ room, kind: "m", isPrompt: false, ...nextLine() });
        if (outcome.kind !== "accepted") throw new Error(`a message was not accepted: ${JSON.stringify(outcome)}`);
        accepted += 1;
      }
    };
    await Promise.all(Array.from({ length: senders }, speak));
    return accepted;
  };
}

function bare(callsAtOnce: number): Contestant {
  return async (redis, room, isOver) => {
    const call = await bareClient({ redis, room, messagesPerMinute: MESSAGES_PER_MINUTE, groupSize: GROUP_SIZE });
    let accepted = 0;
    const speak = async () => {
      while (!isOver()) {
        const count = await call();
        if (count !== GROUP_SIZE) throw new Error(`${GROUP_SIZE - count} messages of a group were not accepted`);
        accepted += count;
      }
    };
    await Promise.all(Array.from({ length: callsAtOnce }, speak));
    return accepted;
  };
}

interface Turn {
  perSecond: number;
  /** CPU a message, of this process and of Redis. */
  clientMicros: number;
  redisMicros: number;
}

async function measure({ redis, pid, reset }: BenchRedis, contestant: Contestant): Promise<Turn> {
  const room = await reset();
  const redisBefore = await cpuMicrosOf(pid);
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + 1_000 * seconds;
  const accepted = await contestant(redis, room, () => performance.now() >= endsAtMs);
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    perSecond: (1_000 * accepted) / (performance.now() - startedAtMs),
    clientMicros: (user + system) / accepted,
    redisMicros: ((await cpuMicrosOf(pid)) - redisBefore) / accepted,
  };
}

/** Two calls at once are the practical limit: Redis is never idle then, and more of them only wait. */
const LIMIT = "bare, two calls at once";
const CONTESTANTS: Readonly<Record<string, Contestant>> = {
  "Acceptor, 400 senders": throughAcceptor(400),
  "Acceptor, 40 senders: 20 messages a call on average": throughAcceptor(40),
  "bare, one call at a time": bare(1),
  [LIMIT]: bare(2),
};

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Ratios are those of turns beside each other. */
function printTurns(name: string, those: readonly Turn[], limit: readonly Turn[]): void {
  const of = (field: keyof Turn, digits: number) =>
    spreadOf(
      those.map((turn) => turn[field]),
      digits,
    );
  print(`${name}: ${of("perSecond", 0)} messages/s`);
  print(`  CPU a message: client ${of("clientMicros", 1)} µs, Redis ${of("redisMicros", 1)} µs`);
  const percents = those.map(({ perSecond }, n) => (100 * perSecond) / (limit[n]?.perSecond ?? Number.NaN));
  if (name.startsWith("Acceptor")) print(`  of the limit: ${goalVerdict(percents, GOAL_PERCENT)}`);
}

const store = await startBenchRedis(log);
try {
  const results = new Map(Object.keys(CONTESTANTS).map((name): [string, Turn[]] => [name, []]));
  for (let turn = -1; turn < turns; turn += 1) {
    for (const [name, contestant] of Object.entries(CONTESTANTS)) {
      const measured = await measure(store, contestant);
      if (turn >= 0) results.get(name)?.push(measured); // compiled by then
    }
  }
  for (const [name, those] of results) printTurns(name, those, results.get(LIMIT) ?? []);
} finally {
  await store.stop();
}
