/**
 * `npm run bench:writer`: the real writer process, with a log that was filled before it starts, against a bare
 * `INSERT … SELECT … FROM unnest(…)` of the same rows. Postgres has a core for itself; who writes, and Redis, share the
 * other (BENCH_PINNED=no: all share both). Alternating turns into an empty table; measured from the first quarter of the
 * rows on, when everything is compiled, to the last tenth, when partitions run dry. Medians, with the least and the most of the
 * turns. BENCH_MESSAGES a turn (240,000), BENCH_TURNS (5); BENCH_PROFILE=folder writes the writer's CPU profile there.
 */
import { ServiceProcess } from "@drawchat/local/process";
import { partitionOfRoom } from "@drawchat/protocol/ids";
import { keys } from "@drawchat/redis/keys";
import { sleep } from "@drawchat/runtime/backoff";
import { Env } from "@drawchat/runtime/env";
import { cpuMicrosOf, cpuMicrosOfFamily, goalVerdict, spreadOf } from "@drawchat/testkit/bench-turns";
import { loadConfig } from "../src/config.ts";
import { type BareBatch, bareBatches, insertBare } from "./bare-insert.ts";
import { pinFamily } from "./pinning.ts";
import { emptyTables, fillLogs, type Stores, startStores } from "./stores.ts";

const env = new Env(process.env);
const messages = env.int("BENCH_MESSAGES", 240_000, { min: 8_000, max: 1_000_000 });
const turns = env.int("BENCH_TURNS", 5, { min: 1, max: 99 });
const isPinned = env.oneOf("BENCH_PINNED", "yes", ["yes", "no"] as const) === "yes";
const profileDir = env.optional("BENCH_PROFILE");
env.finish();

/** Of the rows a second of a bare insert. */
const GOAL_PERCENT = 75;
/** Each of another partition: more than the writer has batches at once, so that none of those waits for work. */
const ROOMS = 24;
const MEASURED_FROM = 0.25;
const MEASURED_TO = 0.9;
const POLL_MS = 10;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

interface Stretch {
  rowsPerSecond: number;
  /** CPU a row. */
  clientMicros: number;
  postgresMicros: number;
  redisMicros: number;
}

interface Reading {
  progress: number;
  atMs: number;
  client: number;
  postgres: number;
  redis: number;
}

/** Reads what was used at two points of the work; `progress` answers how much of it is done, from 0 to 1. */
async function measure(stores: Stores, clientPid: number, progress: () => Promise<number>): Promise<Stretch> {
  const readAt = async (wanted: number): Promise<Reading> => {
    let done = await progress();
    while (done < wanted) {
      await sleep(POLL_MS);
      done = await progress();
    }
    const [client, postgres, redis] = await Promise.all([
      cpuMicrosOf(clientPid),
      cpuMicrosOfFamily(stores.postgresPid),
      cpuMicrosOf(stores.redisPid),
    ]);
    return { progress: done, atMs: performance.now(), client, postgres, redis };
  };
  const from = await readAt(MEASURED_FROM);
  const to = await readAt(MEASURED_TO);
  const rows = (to.progress - from.progress) * messages;
  return {
    rowsPerSecond: (1_000 * rows) / (to.atMs - from.atMs),
    clientMicros: (to.client - from.client) / rows,
    postgresMicros: (to.postgres - from.postgres) / rows,
    redisMicros: (to.redis - from.redis) / rows,
  };
}

/** What the writer is started with; all else as by default. */
function writerEnv({ redisUrl, databaseUrl }: Pick<Stores, "redisUrl" | "databaseUrl">): Record<string, string> {
  const stores = { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl };
  return { ...stores, NODE_ENV: "production", API_INTERNAL_URL: "http://127.0.0.1:9", PRIVATE_PORT: "0" };
}

async function writerTurn(stores: Stores): Promise<Stretch> {
  const entries = await countEntries(stores);
  const profile = profileDir === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileDir}` };
  const writer = await ServiceProcess.start({ service: "writer", env: { ...writerEnv(stores), ...profile } });
  try {
    return await measure(stores, writer.pid, async () => 1 - (await countEntries(stores)) / entries);
  } finally {
    await writer.stop();
  }
}

/** Of the rooms' logs: every entry holds about as many messages. One write and one read: who looks has a share of the writer's core. */
async function countEntries({ redis, rooms }: Stores): Promise<number> {
  const looks = redis.pipeline(rooms.map((room) => ["xlen", keys.log(partitionOfRoom(room))]));
  const lengths = (await looks.exec()) ?? [];
  return lengths.reduce((sum, [, length]) => sum + Number(length), 0);
}

async function bareTurn(stores: Stores, batches: BareBatch[][]): Promise<Stretch> {
  let rows = 0;
  const count = (more: number) => {
    rows += more;
  };
  const inserting = insertBare(stores.database.pool, batches, { connections: concurrentBatches, onRows: count });
  const [stretch] = await Promise.all([measure(stores, process.pid, async () => rows / messages), inserting]);
  return stretch;
}

function printStretches(name: string, stretches: readonly Stretch[]): void {
  const of = (field: keyof Stretch, digits: number) =>
    spreadOf(
      stretches.map((one) => one[field]),
      digits,
    );
  print(`${name}: ${of("rowsPerSecond", 0)} rows/s`);
  print(`  CPU a row: client ${of("clientMicros", 1)} µs, Postgres ${of("postgresMicros", 1)} µs, Redis ${of("redisMicros", 1)} µs`);
}

const { batchMaxRows, concurrentBatches } = loadConfig(writerEnv({ redisUrl: "redis://localhost", databaseUrl: "postgres://localhost" }));
// Children have the core of their parent: first this process for all of them, then Postgres.
if (isPinned) await pinFamily(process.pid, 1);
const stores = await startStores({ rooms: ROOMS, connections: concurrentBatches });
try {
  if (isPinned) await pinFamily(stores.postgresPid, 0);
  const [writer, bare]: [Stretch[], Stretch[]] = [[], []];
  for (let turn = 0; turn < turns; turn += 1) {
    await fillLogs(stores, messages);
    const batches = await bareBatches(stores.redis, stores.rooms, batchMaxRows);
    await emptyTables(stores);
    writer.push(await writerTurn(stores));
    await emptyTables(stores);
    bare.push(await bareTurn(stores, batches));
  }
  print(
    `${messages} messages a turn, batches of ${batchMaxRows} rows, ${concurrentBatches} at once, ${isPinned ? "Postgres on a core of its own" : "no core is anybody's own"}`,
  );
  printStretches("writer", writer);
  printStretches("bare insert", bare);
  const percents = writer.map((stretch, turn) => (100 * stretch.rowsPerSecond) / (bare[turn]?.rowsPerSecond ?? Number.NaN));
  print(`the writer stores ${goalVerdict(percents, GOAL_PERCENT)}`);
} finally {
  await stores.stop();
}
