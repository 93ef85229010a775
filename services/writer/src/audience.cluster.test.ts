/** 10,000 people come at once while others chat: their rows are written, and no message waits for it. */
import { idTimeMs, partitionOfRoom, type RoomName, roomNumber, sessionRoom } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { addAudience, chunkChanges, chunkList, countAudience } from "@drawchat/redis/audience";
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { measureLog } from "@drawchat/redis/log";
import { createLog } from "@drawchat/runtime/log";
import { type Cluster, startCluster } from "@drawchat/testkit/cluster";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRoom, say } from "../test/stage.ts";

const JOINS = 10_000;
const GATEWAYS = 10;
const ROUNDS = 5;

let cluster: Cluster;
let redis: RedisClient;
let acceptor: Acceptor;
const log = createLog("test", "silent");

beforeAll(async () => {
  cluster = await startCluster({ gateways: 0 });
  redis = commandClient(cluster.redis.url, "test", log);
  await redis.connect();
  acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: () => Promise.resolve("unknown") });
});
afterAll(async () => {
  redis.disconnect();
  await cluster.stop();
});

interface Flow {
  /** From sending to the answer, a message. */
  ackMs: number[];
  /** Age of the oldest message that is not stored, looked at all the time. */
  ageMs: number[];
  entries: number;
}

/** One message after the other while `goesOn`, and a look at the log beside it. */
async function chat(room: RoomName, goesOn: (said: number) => boolean): Promise<Flow> {
  const flow: Flow = { ackMs: [], ageMs: [], entries: 0 };
  let isOver = false;
  const look = async () => {
    while (!isOver) {
      const { entries, oldestId } = await measureLog(redis, partitionOfRoom(room));
      flow.entries = Math.max(flow.entries, entries);
      flow.ageMs.push(oldestId === undefined ? 0 : Math.max(0, Date.now() - idTimeMs(oldestId)));
    }
  };
  const looking = look();
  while (goesOn(flow.ackMs.length)) {
    const start = performance.now();
    await say(acceptor, room, { text: `line ${flow.ackMs.length}` });
    flow.ackMs.push(performance.now() - start);
  }
  isOver = true;
  await looking;
  return flow;
}

function told({ ackMs, ageMs, entries }: Flow): string {
  const at = (values: number[], share: number) => values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]?.toFixed(0);
  const acks = `${ackMs.length} messages, ack p50 ${at(ackMs, 0.5)} p99 ${at(ackMs, 0.99)} ms`;
  return `${acks}, not yet stored p50 ${at(ageMs, 0.5)} p99 ${at(ageMs, 0.99)} max ${Math.max(...ageMs)} ms, log at most ${entries} entries`;
}

async function viewers(sessionId: number): Promise<{ rows: number; active: number }> {
  const { rows } = await cluster.database.pool.query<{ rows: number; active: number }>(
    "SELECT count(*) AS rows, count(*) FILTER (WHERE is_active) AS active FROM live_chat_viewers WHERE session_id = $1",
    [sessionId],
  );
  return rows[0] ?? { rows: 0, active: 0 };
}

/** User `n` is on the gateway `n mod 10`. All come and, but for the last round, go, in one report of each gateway. */
function storm(sessionId: number, round: number) {
  return Array.from({ length: GATEWAYS }, (_, gateway) => {
    const here = Array.from({ length: JOINS / GATEWAYS }, (_, n) => 1 + gateway + n * GATEWAYS);
    const isLast = round === ROUNDS;
    const contents = [...chunkChanges(here, []), ...(isLast ? chunkList(here) : chunkChanges([], here))];
    return contents.map((content) => ({ room: sessionRoom(sessionId), gatewayId: `g${gateway}`, content }));
  }).flat();
}

test("10,000 people who come and go five times are in the table within seconds, and no message waits for them", {
  timeout: 60_000,
}, async () => {
  const room = await openRoom(redis, cluster.database);
  const id = roomNumber(room);
  const partition = partitionOfRoom(room);
  await chat(room, (said) => said < 100); // what happens once, has happened
  const calm = await chat(room, (said) => said < 1_000);

  const start = performance.now();
  let doneMs = 0;
  const [busy] = await Promise.all([
    chat(room, (said) => doneMs === 0 && said < 50_000),
    (async () => {
      for (let round = 1; round <= ROUNDS; round += 1) await addAudience(redis, storm(id, round));
      await expect.poll(() => countAudience(redis, partition), { timeout: 40_000, interval: 50 }).toBe(0);
      doneMs = performance.now() - start;
    })(),
  ]);
  const changes = JOINS * (2 * ROUNDS - 1);
  process.stdout.write(
    `\n  before: ${told(calm)}\n  during ${changes} joins and leaves: ${told(busy)}\n` +
      `  rows right after ${(doneMs / 1_000).toFixed(1)} s, ${Math.round(changes / (doneMs / 1_000))} changes a second\n`,
  );
  await expect.poll(() => viewers(id)).toEqual({ rows: JOINS, active: JOINS });
  expect(Math.max(...busy.ageMs)).toBeLessThan(1_500);
});

test("messages are stored while rows of viewers cannot be written at all, and these follow", async () => {
  const room = await openRoom(redis, cluster.database);
  const id = roomNumber(room);
  const partition = partitionOfRoom(room);
  await addAudience(redis, [{ room, gatewayId: "g1", content: { kind: "changes", joined: [1], left: [] } }]);
  await expect.poll(() => viewers(id)).toEqual({ rows: 1, active: 1 });
  const holder = await cluster.database.pool.connect();
  try {
    await holder.query("BEGIN");
    await holder.query("UPDATE live_chat_viewers SET last_seen_at = now() WHERE session_id = $1", [id]);
    await addAudience(redis, [{ room, gatewayId: "g1", content: { kind: "changes", joined: [2], left: [1] } }]);
    // The writer's transaction waits for the row, holding what it holds, until Postgres ends it after 5 s.
    const waiting =
      "SELECT count(*) AS count FROM pg_stat_activity WHERE application_name = 'drawchat-writer' AND wait_event_type = 'Lock'";
    await expect.poll(async () => (await cluster.database.pool.query<{ count: number }>(waiting)).rows[0]?.count).toBe(1);
    for (let n = 0; n < 20; n += 1) await say(acceptor, room, { text: `line ${n}` });
    await expect.poll(async () => (await measureLog(redis, partition)).entries, { timeout: 2_000, interval: 20 }).toBe(0);
    expect((await cluster.database.pool.query<{ count: number }>(waiting)).rows[0]?.count).toBe(1);
  } finally {
    holder.release(true); // rolled back
  }
  await expect.poll(() => viewers(id), { timeout: 10_000 }).toEqual({ rows: 2, active: 1 });
});

test("an entry that cannot be read or stored, and one of a session that there is not, stop nothing behind them", async () => {
  const { id } = await cluster.session();
  const room = sessionRoom(id);
  const key = `dc:{p${String(partitionOfRoom(room)).padStart(2, "0")}}:audience`;
  await redis.xadd(key, "*", "r", room, "g", "g1", "j", "1,x", "l", "");
  await redis.xadd(key, "*", "anything", "else");
  await redis.xadd(key, "*", "r", room, "g", "g\u0000", "j", "4", "l", ""); // no text for Postgres
  await expect.poll(() => countAudience(redis, partitionOfRoom(room))).toBe(0);
  const unknown = sessionRoom(id + 64_000); // of the same partition
  for (const one of [unknown, room])
    await addAudience(redis, [{ room: one, gatewayId: "g1", content: { kind: "changes", joined: [5], left: [] } }]);
  await expect.poll(() => viewers(id)).toEqual({ rows: 1, active: 1 });
  await expect.poll(() => countAudience(redis, partitionOfRoom(room))).toBe(0);
});
