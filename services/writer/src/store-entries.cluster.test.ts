import { storeBatch } from "@drawchat/db/batch";
import { partitionOfRoom, type RoomName, roomNumber, sessionRoom } from "@drawchat/protocol/ids";
import { keys } from "@drawchat/redis/keys";
import { testDatabase } from "@drawchat/testkit/postgres";
import { testRedis } from "@drawchat/testkit/redis";
import { findKeys, flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { createStage, like, listen, openRoom, openRoomInRedis, readEntries, say, shownLikes, storeNext } from "../test/stage.ts";
import { makeAmends } from "./amends.ts";
import { toBatch } from "./rows.ts";
import { storeEntries } from "./store-entries.ts";

const server = await testRedis();
const database = await testDatabase();
const stage = await createStage(server.url, database);
const { redis, acceptor, rebuilt, options } = stage;
afterAll(() => stage.close());

let room: RoomName;
beforeEach(async () => {
  await flushAll(redis);
  room = await openRoom(redis, database);
  rebuilt.length = 0;
});

const messages = () =>
  database.db.selectFrom("live_chat_messages").selectAll().where("session_id", "=", roomNumber(room)).orderBy("id").execute();
const deadLetters = () => database.db.selectFrom("dead_letters").selectAll().where("room", "=", room).orderBy("event_id").execute();
const session = () => database.db.selectFrom("live_chat_sessions").selectAll().where("id", "=", roomNumber(room)).executeTakeFirstOrThrow();
const clock = () => redis.hgetall(keys.clock(partitionOfRoom(room)));
const logLength = () => redis.xlen(keys.log(partitionOfRoom(room)));
const historyText = async () => JSON.stringify(await redis.xrange(keys.history(room), "-", "+"));

test("accepted messages are stored as they were shown, and leave the log", async () => {
  const first = await say(acceptor, room, { user: 7, text: 'hé "there" \\ {,} ☃' });
  const second = await say(acceptor, room, { user: 8, text: "NULL" });
  const third = await say(acceptor, room, { user: 9, text: "\\N\ttabs\r\n\\.\nand \\x41" });
  await storeNext(stage, room);
  const stored = await messages();
  expect(stored.map(({ id, user_id, message }) => ({ id, user_id, message }))).toEqual([
    { id: first, user_id: 7, message: 'hé "there" \\ {,} ☃' },
    { id: second, user_id: 8, message: "NULL" },
    { id: third, user_id: 9, message: "\\N\ttabs\r\n\\.\nand \\x41" },
  ]);
  expect((await historyText()).includes(stored[1]?.created_at.toISOString() ?? "no row")).toBe(true);
  expect(await clock()).toMatchObject({ stored: String(third), log_bytes: "0" });
  expect((await session()).last_event_id).toBe(third);
  expect(await logLength()).toBe(0);
});

test("a batch that was committed and not settled is stored once when it comes again", async () => {
  const id = await say(acceptor, room);
  await like(acceptor, room, id, 3);
  await like(acceptor, room, "s", 3);
  await storeBatch(database.pool, toBatch(partitionOfRoom(room), await readEntries(redis, room)));
  await storeNext(stage, room);
  expect((await messages()).map((message) => message.likes)).toEqual([1]);
  expect((await session()).total_likes).toBe(1);
  expect([await shownLikes(redis, room, id), await shownLikes(redis, room, "s"), await logLength()]).toEqual([1, 1, 0]);
  expect(rebuilt).toEqual([]);
});

test("two writers with the same batch store it once", async () => {
  const ids = await Promise.all(Array.from({ length: 40 }, (_, user) => say(acceptor, room, { user: user + 1 })));
  await Promise.all(ids.map((id, user) => like(acceptor, room, id, user + 1)));
  const entries = await readEntries(redis, room);
  const partition = partitionOfRoom(room);
  await Promise.all(Array.from({ length: 4 }, () => storeEntries(options, partition, entries)));
  expect((await messages()).map(({ id, likes }) => ({ id, likes }))).toEqual(ids.map((id) => ({ id, likes: 1 })));
  expect(await logLength()).toBe(0);
});

test("a partition that another writer holds is left to it at once, whatever that one has locked", async () => {
  await say(acceptor, room);
  const other = await database.pool.connect();
  try {
    await other.query("BEGIN");
    await other.query("SELECT pg_advisory_xact_lock($1::int, $2::int)", [0x64726177, partitionOfRoom(room)]);
    await other.query("SELECT FROM live_chat_sessions WHERE id = $1 FOR UPDATE", [roomNumber(room)]);
    expect(await storeNext(stage, room)).toBe("locked");
    await other.query("ROLLBACK");
  } finally {
    other.release();
  }
  expect(await logLength()).toBe(1);
  expect(await storeNext(stage, room)).toBe("stored");
});

test("screens, columns and rows agree on likes when the log is empty", async () => {
  const id = await say(acceptor, room);
  await storeNext(stage, room);
  for (let user = 1; user <= 5; user++) await like(acceptor, room, id, user);
  for (let user = 1; user <= 3; user++) await like(acceptor, room, "s", user);
  expect([await shownLikes(redis, room, id), await shownLikes(redis, room, "s")]).toEqual([5, 3]);
  await storeNext(stage, room);
  const { rows } = await database.pool.query<{ n: number }>(
    "SELECT count(*) AS n FROM live_chat_likes WHERE session_id = $1 GROUP BY message_id IS NULL ORDER BY n",
    [roomNumber(room)],
  );
  expect(rows.map(({ n }) => n)).toEqual([3, 5]);
  expect([(await session()).total_likes, (await messages())[0]?.likes]).toEqual([3, 5]);
  expect([await shownLikes(redis, room, "s"), await shownLikes(redis, room, id)]).toEqual([3, 5]);
});

test("a like that Redis forgot and took again is counted once", async () => {
  const id = await say(acceptor, room);
  await like(acceptor, room, id, 9);
  await storeNext(stage, room);
  await redis.del(keys.liked(room, `${id}`));
  expect(await like(acceptor, room, id, 9)).toBe(2);
  await storeNext(stage, room);
  expect([await shownLikes(redis, room, id), (await messages())[0]?.likes]).toEqual([1, 1]);
});

test("a like of a message that is not in the table is dropped and its neighbours are stored", async () => {
  const id = await say(acceptor, room);
  await acceptor.like({ room, target: "4096", userId: 2, verifiedLikes: 0 });
  await like(acceptor, room, id, 2);
  await storeNext(stage, room);
  expect([await shownLikes(redis, room, 4096), await shownLikes(redis, room, id)]).toEqual([0, 1]);
  expect(await logLength()).toBe(0);
});

test("what Postgres will not take becomes a dead letter and is withdrawn, and its neighbours are stored", async () => {
  const ear = await listen(server.url, room);
  const good = await say(acceptor, room, { text: "before" });
  const nul = await say(acceptor, room, { user: 5, clientId: "0b2ad12e-8d0e-4d0c-9a53-0d6ad8d0c001", rawText: '"a\\u0000b"' });
  const long = await say(acceptor, room, { text: "x".repeat(501) });
  const noUuid = await say(acceptor, room, { clientId: "not-a-uuid" });
  const range = await say(acceptor, room, { user: 2 ** 63 });
  const after = await say(acceptor, room, { text: "after" });
  await storeNext(stage, room);
  expect((await messages()).map(({ id }) => id)).toEqual([good, after]);
  expect((await deadLetters()).map(({ event_id, error_code }) => [event_id, error_code])).toEqual([
    [nul, "22021"],
    [long, "23514"],
    [noUuid, "22P02"],
    [range, "22003"],
  ]);
  await ear.until('"stored"');
  const at = (needle: string) => ear.heard.findIndex((text) => text.includes(needle));
  expect(at(`"message_id":${nul}}`)).toBeGreaterThan(-1);
  expect(at('"user_id":5,"client_id":"0b2ad12e-8d0e-4d0c-9a53-0d6ad8d0c001","code":"not_stored"')).toBeGreaterThan(-1);
  expect(at('"rejected"')).toBeLessThan(at('"stored"'));
  expect(ear.heard.filter((text) => text.includes('"rejected"'))).toHaveLength(4);
  ear.close();
  // The deletes themselves are events of the log: they change no row, and nothing comes of them.
  await storeNext(stage, room);
  expect([(await deadLetters()).length, await logLength()]).toEqual([4, 0]);
});

test("a message of a session that Postgres does not know becomes a dead letter", async () => {
  const stray = sessionRoom(roomNumber(room) + 64_000);
  await openRoomInRedis(redis, stray);
  const id = await say(acceptor, stray);
  const neighbour = await say(acceptor, room);
  await storeNext(stage, room);
  const { rows } = await database.pool.query("SELECT error_code FROM dead_letters WHERE event_id = $1", [id]);
  expect(rows).toEqual([{ error_code: "23503" }]);
  expect((await messages()).map((message) => message.id)).toEqual([neighbour]);
});

test("an event of an unknown kind and a body that cannot be read stop nothing", async () => {
  const unknown = await acceptor.submit({ room, kind: "u", userId: 1, clientId: crypto.randomUUID(), parts: ['{"id":', "}", ""] });
  const broken = await say(acceptor, room, { rawText: "{{" });
  await redis.xadd(keys.log(partitionOfRoom(room)), `${broken + 64}-0`, "nonce", "n", "pub", "garbage");
  await storeNext(stage, room);
  const { rows } = await database.pool.query<{ event_id: number; kind: string; error: string }>(
    "SELECT event_id, kind, error FROM dead_letters WHERE event_id = ANY($1) ORDER BY event_id",
    [[unknown.kind === "accepted" ? unknown.id : 0, broken, broken + 64]],
  );
  expect(rows.map(({ kind, error }) => [kind, error])).toEqual([
    ["u", "unknown kind of event: u"],
    ["m", "the body is not JSON"],
    ["?", "bad publication: kind"],
  ]);
  await storeNext(stage, room);
  expect(await logLength()).toBe(0);
});

test("a message that is stored under another id already is withdrawn", async () => {
  const clientId = crypto.randomUUID();
  const first = await say(acceptor, room, { clientId });
  await storeNext(stage, room);
  await redis.del(keys.seen(room, 0), keys.seen(room, 1));
  const ghost = await say(acceptor, room, { clientId });
  await storeNext(stage, room);
  await storeNext(stage, room);
  expect((await messages()).map(({ id, deleted_at }) => [id, deleted_at])).toEqual([[first, null]]);
  expect(await historyText()).toContain(`\\"message_id\\":${ghost}}`);
  expect(await logLength()).toBe(0);
});

/** Gives the id to a message of somebody else, as a Redis that forgot it would have done. */
async function takeId(id: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO live_chat_messages (id, session_id, user_id, client_id, username, message, message_type, is_winner, is_host, created_at, last_event_id)
     VALUES ($1, $2, 2, gen_random_uuid(), 'other', 'theirs', 'text', false, false, now(), $1)`,
    [id, roomNumber(room)],
  );
}

test("a message whose id belongs to another one is accepted again and its room rebuilt", async () => {
  const taken = await say(acceptor, room, { user: 1, text: "mine" });
  await takeId(taken);
  await storeNext(stage, room);
  await vi.waitFor(() => expect(rebuilt).toEqual([room]));
  await storeNext(stage, room);
  const stored = await messages();
  expect(stored.map(({ user_id, message, username }) => [user_id, message, username])).toEqual([
    [2, "theirs", "other"],
    [1, "mine", "user 1"],
  ]);
  expect([stored[0]?.id, stored[0]?.deleted_at, await logLength()]).toEqual([taken, null, 0]);
});

test("amends that a crash repeats end the same way", async () => {
  const clientId = crypto.randomUUID();
  await say(acceptor, room, { clientId, text: "first" });
  await storeNext(stage, room);
  await redis.del(keys.seen(room, 0));
  await say(acceptor, room, { clientId, text: "ghost" });
  await takeId(await say(acceptor, room, { text: "mine" }));
  for (let crash = 0; crash < 2; crash++) {
    const stored = await storeBatch(database.pool, toBatch(partitionOfRoom(room), await readEntries(redis, room)));
    if (stored !== undefined) await makeAmends(stored, options);
  }
  await vi.waitFor(async () => {
    await storeNext(stage, room);
    expect(await logLength()).toBe(0);
  });
  expect((await messages()).map(({ message, deleted_at }) => [message, deleted_at])).toEqual([
    ["first", null],
    ["theirs", null],
    ["mine", null],
  ]);
});

test("an entry that was replaced under the same id stays, and is stored next", async () => {
  const log = keys.log(partitionOfRoom(room));
  await say(acceptor, room, { text: "lost by a failover" });
  const old = await readEntries(redis, room);
  const [entry] = await redis.xrangeBuffer(log, "-", "+");
  const fields = entry?.[1].map(String) ?? [];
  const other = fields.map((field) => field.replace("lost by a failover", "kept by a failover")).with(1, "another nonce");
  await redis.del(log);
  await redis.xadd(
    log,
    old[0]?.streamId ?? "",
    ...other.map((field) => field.replace(/ 1 [0-9a-f-]{36}\n/, ` 2 ${crypto.randomUUID()}\n`)),
  );
  await storeEntries(options, partitionOfRoom(room), old);
  expect(await logLength()).toBe(1);
  await vi.waitFor(() => expect(rebuilt).toEqual([room]));
  await storeNext(stage, room);
  await storeNext(stage, room);
  expect((await messages()).map(({ message }) => message)).toEqual(["lost by a failover", "kept by a failover"]);
  expect(await logLength()).toBe(0);
});

test("a room whose entries Redis lost after they were read is rebuilt", async () => {
  const id = await say(acceptor, room);
  const entries = await readEntries(redis, room);
  await flushAll(redis);
  await storeEntries(options, partitionOfRoom(room), entries);
  expect((await messages()).map((message) => message.id)).toEqual([id]);
  await vi.waitFor(() => expect(rebuilt).toEqual([room]));
  expect(await findKeys(redis, "*")).toEqual([]);
});

test("a delete marks its message, and an older one does not undo a newer", async () => {
  const id = await say(acceptor, room);
  const remove = (clientId: string) =>
    acceptor.submit({ room, kind: "d", userId: 1, clientId, parts: ['{"type":"delete","id":', `,"message_id":${id}}`, ""], v2Only: true });
  await remove(crypto.randomUUID());
  const early = await readEntries(redis, room);
  const last = await remove(crypto.randomUUID());
  await storeNext(stage, room);
  await storeEntries(options, partitionOfRoom(room), early);
  const [message] = await messages();
  expect([last.kind, message?.last_event_id, message?.deleted_at instanceof Date]).toEqual([
    "accepted",
    last.kind === "accepted" ? last.id : 0,
    true,
  ]);
});

test("a full disk loses nothing: the batch stays in the log until it can be stored", async () => {
  const id = await say(acceptor, room);
  await database.pool.query(
    `CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk' USING ERRCODE = '53100'; END $$`,
  );
  await database.pool.query("CREATE TRIGGER no_space BEFORE INSERT ON live_chat_messages EXECUTE FUNCTION disk_full()");
  await expect(storeNext(stage, room)).rejects.toMatchObject({ code: "53100" });
  expect([await logLength(), (await deadLetters()).length, (await clock()).stored]).toEqual([1, 0, "0"]);
  await database.pool.query("DROP TRIGGER no_space ON live_chat_messages");
  await storeNext(stage, room);
  expect((await messages()).map((message) => message.id)).toEqual([id]);
});

test("the watermark stays below what is left in the log and never falls", async () => {
  await say(acceptor, room);
  const read = await readEntries(redis, room);
  const left = await say(acceptor, room);
  await storeEntries(options, partitionOfRoom(room), read);
  expect((await clock()).stored).toBe(String(left - 1));
  await redis.hset(keys.clock(partitionOfRoom(room)), "stored", String(left + 4_096));
  await storeNext(stage, room);
  expect((await clock()).stored).toBe(String(left + 4_096));
});
