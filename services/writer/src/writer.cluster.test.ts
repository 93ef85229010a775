import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDatabase } from "@drawchat/db/connect";
import { migrateToLatest } from "@drawchat/db/migrate";
import { freePort } from "@drawchat/local/ports";
import { startPostgres } from "@drawchat/local/postgres";
import { ServiceProcess } from "@drawchat/local/process";
import { PARTITIONS, partitionOfRoom, type RoomName, roomNumber } from "@drawchat/protocol/ids";
import { keys } from "@drawchat/redis/keys";
import { testRedis } from "@drawchat/testkit/redis";
import { deleteKeys, findKeys } from "@drawchat/testkit/redis-nodes";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createStage, like, openRoom, say, shownLikes } from "../test/stage.ts";

// Processes start late on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

// A Postgres of its own: these tests stop it.
const dir = await mkdtemp(join(tmpdir(), "drawchat-test-writer-"));
const postgres = await startPostgres({ dir, port: await freePort(), durable: false });
afterAll(async () => {
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
});
const database = connectDatabase({ url: postgres.url(), maxConnections: 3, applicationName: "test", onError: () => undefined });
afterAll(() => database.close());
const server = await testRedis();
const stage = await createStage(server.url, database);
const { redis, acceptor } = stage;
afterAll(() => stage.close());

const rooms: RoomName[] = [];
const writers: ServiceProcess[] = [];
const lines: string[] = [];

beforeAll(async () => {
  await migrateToLatest(database);
  for (let n = 0; n < 3; n++) rooms.push(await openRoom(redis, database));
});
afterEach(() => Promise.all(writers.splice(0).map((writer) => writer.stop())));

async function startWriter(databaseUrl = postgres.url()): Promise<ServiceProcess> {
  const env = {
    REDIS_URL: server.url,
    DATABASE_URL: databaseUrl,
    API_INTERNAL_URL: "http://127.0.0.1:9",
    LOG_LEVEL: "info",
    PATH: process.env.PATH ?? "",
  };
  const writer = await ServiceProcess.start({ service: "writer", env, onLine: (line) => lines.push(line) });
  writers.push(writer);
  return writer;
}

/** Ends the leases of a writer that is gone: the others need not wait for them to run out. */
async function forgetLeases(): Promise<void> {
  await deleteKeys(redis, [keys.writers, ...Array.from({ length: PARTITIONS }, (_, partition) => keys.writerLease(partition))]);
}

/** Again until Redis answers: what was refused for now, and what nobody knows the fate of. */
async function persist<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Error) || !/unavailable|busy/.test(error.message)) throw error;
    }
  }
}

/** Talks and likes in all rooms until stopped; resolves with the ids of what was accepted, a room each. */
function startLoad(): () => Promise<Map<RoomName, number[]>> {
  const accepted = new Map<RoomName, number[]>(rooms.map((room) => [room, []]));
  let isStopping = false;
  const sayOnce = (room: RoomName, user: number) => {
    const clientId = crypto.randomUUID();
    return persist(() => say(acceptor, room, { user, clientId }));
  };
  const talk = async (room: RoomName) => {
    for (let n = 1; !isStopping; n++) {
      const ids = await Promise.all([1, 2, 3, 4, 5].map((user) => sayOnce(room, user)));
      accepted.get(room)?.push(...ids);
      await Promise.all(ids.map((id) => persist(() => like(acceptor, room, id, n))));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const talking = Promise.all(rooms.map(talk));
  return async () => {
    isStopping = true;
    await talking;
    return accepted;
  };
}

const logsEmpty = () =>
  vi.waitFor(
    async () => expect(await Promise.all(rooms.map((room) => redis.xlen(keys.log(partitionOfRoom(room)))))).toEqual(rooms.map(() => 0)),
    { timeout: 20_000, interval: 50 },
  );

/** Every accepted message is a row, once, under its id and in its order; every like is counted once, everywhere. */
async function expectStored(accepted: Map<RoomName, number[]>): Promise<void> {
  for (const [room, ids] of accepted) {
    const { rows } = await database.pool.query<{ id: number; likes: number; counted: number }>(
      `SELECT m.id, m.likes, (SELECT count(*) FROM live_chat_likes l WHERE l.message_id = m.id) AS counted
       FROM live_chat_messages m WHERE m.session_id = $1 AND m.id >= $2 ORDER BY m.id`,
      [roomNumber(room), ids[0]],
    );
    expect(rows).toEqual([...ids].sort((a, b) => a - b).map((id) => ({ id, likes: 1, counted: 1 })));
    const last = ids.at(-1) ?? 0;
    expect([await shownLikes(redis, room, last), ids.length > 20]).toEqual([1, true]);
  }
  const { rows } = await database.pool.query("SELECT event_id FROM dead_letters");
  expect(rows).toEqual([]);
}

async function storedCount(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>("SELECT count(*) AS n FROM live_chat_messages");
  return rows[0]?.n ?? 0;
}

test("writers that are killed again and again under load store everything once", async () => {
  const stop = startLoad();
  for (let kill = 0; kill < 3; kill++) {
    const writer = await startWriter();
    await vi.waitFor(async () => expect(await redis.xlen(keys.log(partitionOfRoom(rooms[0] ?? "s1")))).toBeLessThan(20), {
      timeout: 10_000,
    });
    writer.kill("SIGKILL");
    await writer.ended;
    await forgetLeases();
  }
  await startWriter();
  const accepted = await stop();
  await logsEmpty();
  await expectStored(accepted);
});

test("two writers, one of them suspended and woken again, store everything once", async () => {
  const zombie = await startWriter();
  await startWriter();
  const stop = startLoad();
  await vi.waitFor(async () => expect(await redis.zcard(keys.writers)).toBe(2), { timeout: 5_000 });
  zombie.kill("SIGSTOP");
  await forgetLeases();
  await vi.waitFor(async () => expect(await findKeys(redis, "*:writer")).toHaveLength(PARTITIONS), { timeout: 10_000 });
  zombie.kill("SIGCONT");
  const accepted = await stop();
  await logsEmpty();
  await expectStored(accepted);
  expect(lines.filter((line) => line.includes("40P01"))).toEqual([]);
});

test("while Postgres is away nothing accepted is lost, and the backlog is stored when it is back", async () => {
  const writer = await startWriter();
  const stop = startLoad();
  await postgres.stop();
  lines.length = 0;
  await vi.waitFor(() => expect(lines.some((line) => line.includes("kept in the log"))).toBe(true), { timeout: 10_000 });
  const url = `http://127.0.0.1:${writer.ports.private}`;
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  await vi.waitFor(
    async () => expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/writer_log_age_seconds\{partition="1".*\} 0?[1-9.]/),
    { timeout: 10_000 },
  );
  await postgres.start();
  const accepted = await stop();
  await logsEmpty();
  await expectStored(accepted);
});

test("a Redis that is killed and comes back with its file loses nothing that was accepted", async () => {
  await startWriter();
  const stop = startLoad();
  for (let kill = 0; kill < 2; kill++) {
    const before = await storedCount();
    await vi.waitFor(async () => expect(await storedCount()).toBeGreaterThan(before + 30), { timeout: 15_000 });
    await server.kill();
    await server.start();
  }
  const accepted = await stop();
  await logsEmpty();
  await expectStored(accepted);
});

test("a stopping writer finishes, gives its partitions back and exits with 0", async () => {
  const writer = await startWriter();
  await vi.waitFor(async () => expect(await findKeys(redis, "*:writer")).toHaveLength(PARTITIONS), { timeout: 10_000 });
  expect((await fetch(`http://127.0.0.1:${writer.ports.private}/readyz`)).status).toBe(200);
  const stop = startLoad();
  await vi.waitFor(async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${writer.ports.private}/metrics`)).text();
    expect(metrics).toMatch(/drawchat_writer_rows_total\{kind="message",service="writer"\} [1-9]/);
  });
  await stop();
  expect(await writer.stop()).toEqual({ code: 0, signal: null });
  expect(await findKeys(redis, "*writer*")).toEqual([]);
});

test("a writer refuses a database whose schema is not its own", async () => {
  await database.pool.query("CREATE DATABASE bare");
  await expect(startWriter(postgres.url("bare"))).rejects.toMatchObject({ cause: { message: "ended with 78" } });
});
