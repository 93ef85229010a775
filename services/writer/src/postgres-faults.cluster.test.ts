import { connectDatabase, type Database } from "@drawchat/db/connect";
import { partitionOfRoom, type RoomName, roomNumber } from "@drawchat/protocol/ids";
import { blockingClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { createLog } from "@drawchat/runtime/log";
import { testDatabase } from "@drawchat/testkit/postgres";
import { testRedis } from "@drawchat/testkit/redis";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { createStage, openRoom, say } from "../test/stage.ts";
import { Doorbell } from "./doorbell.ts";
import { PartitionWriter } from "./partition-writer.ts";
import { Slots } from "./slots.ts";

const log = createLog("test", "silent");
const server = await testRedis();
const database = await testDatabase();
const stage = await createStage(server.url, database);
const { redis, acceptor } = stage;
afterAll(() => stage.close());

const serving: { stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const one of serving.splice(0)) await one.stop();
});

interface Served {
  writer: PartitionWriter;
  /** The process of its one connection to Postgres, where it has one. */
  backend: () => Promise<number | undefined>;
}

/** A writer of the room's partition with one connection of its own. */
async function serve(room: RoomName, applicationName: string): Promise<Served> {
  const blocking = blockingClient(server.url, "test", log);
  await blocking.connect();
  const own: Database = connectDatabase({ url: database.url, maxConnections: 1, applicationName, onError: () => undefined });
  const doorbell = new Doorbell(blocking, log);
  const writer = new PartitionWriter({
    ...stage.options,
    pool: own.pool,
    partition: partitionOfRoom(room),
    doorbell,
    slots: new Slots(1),
    inHand: new Slots(1),
    batchMaxRows: 500,
    batchWaitMs: 5,
  });
  doorbell.start();
  writer.start();
  const stop = async () => {
    await writer.stop();
    await doorbell.stop();
    await own.close();
    blocking.disconnect();
  };
  serving.push({ stop });
  const backend = async () => {
    const { rows } = await database.pool.query<{ pid: number }>("SELECT pid FROM pg_stat_activity WHERE application_name = $1", [
      applicationName,
    ]);
    return rows[0]?.pid;
  };
  return { writer, backend };
}

async function storedIds(room: RoomName): Promise<number[]> {
  const { rows } = await database.pool.query<{ id: number }>("SELECT id FROM live_chat_messages WHERE session_id = $1 ORDER BY id", [
    roomNumber(room),
  ]);
  return rows.map((row) => row.id);
}

const logEmpty = async (room: RoomName, timeout: number) => {
  await vi.waitFor(async () => expect(await redis.xlen(keys.log(partitionOfRoom(room)))).toBe(0), { timeout, interval: 20 });
};

test("connections that Postgres cuts in the middle of batches change nothing", async () => {
  const room = await openRoom(redis, database);
  const { writer, backend } = await serve(room, "cut");
  const ids: number[] = [];
  for (let n = 0; n < 40; n++) {
    ids.push(...(await Promise.all([1, 2, 3].map((user) => say(acceptor, room, { user })))));
    if (n % 4 === 0) await database.pool.query("SELECT pg_terminate_backend($1)", [(await backend()) ?? 0]);
  }
  await logEmpty(room, 15_000);
  expect(await storedIds(room)).toEqual(ids);
  expect(writer.isFailing).toBe(false);
});

test("a backend that hangs holds a partition up for 6 s at most", async () => {
  const room = await openRoom(redis, database);
  const { backend } = await serve(room, "hung");
  const first = await say(acceptor, room);
  await logEmpty(room, 5_000);
  const pid = await backend();
  if (pid === undefined) throw new Error("the writer has no connection");
  process.kill(pid, "SIGSTOP");
  const second = await say(acceptor, room);
  try {
    await logEmpty(room, 8_000);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect(await storedIds(room)).toEqual([first, second]);
});

test("a table that is locked for longer than a statement may take keeps everything in the log", async () => {
  const room = await openRoom(redis, database);
  const { writer } = await serve(room, "locked-out");
  const locker = await database.pool.connect();
  await locker.query("SET idle_in_transaction_session_timeout = 0; BEGIN; LOCK TABLE live_chat_messages IN ACCESS EXCLUSIVE MODE");
  const id = await say(acceptor, room);
  await vi.waitFor(() => expect(writer.isFailing).toBe(true), { timeout: 8_000 }).finally(() => locker.release(true));
  await logEmpty(room, 8_000);
  expect(await storedIds(room)).toEqual([id]);
});
