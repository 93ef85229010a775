import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { findKeys, flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { publish } from "./commands.ts";
import { commandClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { readLog } from "./log.ts";
import { encodePublication } from "./publication.ts";
import { type RoomSettlement, settle } from "./settle.ts";
import { Subscriber } from "./subscriber.ts";

const PARTITION = 5;
const ROOM = "s5";
const FIRST = 9_007_199_254_736_837; // near 2^53, where tostring and cjson lose digits; 5 modulo 64
const CLIENT = "0b2ad12e-8d0e-4d0c-9a53-0d6ad8d0c001";

const log = createLog("test", "silent");
const server = await testRedis();
const redis = commandClient(server.url, "test", log);
const subscriber = new Subscriber(server.url, "test", log);
await redis.connect();
await subscriber.connect();
const heard: string[] = [];
await subscriber.subscribe(keys.channel(ROOM), { onMessage: (bytes) => heard.push(bytes.toString("utf8")) });
afterAll(() => {
  redis.disconnect();
  subscriber.disconnect();
});

beforeEach(async () => {
  await flushAll(redis);
  heard.length = 0;
});

/** A log entry with one message, and likes of the session and of the message. */
async function accept(id: number, { nonce = "n", sessionLikes = 0, messageLikes = 0 } = {}): Promise<void> {
  const body = JSON.stringify({ type: "new_message", message: { id } });
  const publication = encodePublication(ROOM, 0, id, [{ id, kind: "m", flags: 0, userId: 1, clientId: CLIENT, body }]);
  const lines = [
    ...Array.from({ length: sessionLikes }, (_, n) => `${id} s ${n + 1}\n`),
    ...Array.from({ length: messageLikes }, (_, n) => `${id} ${id} ${n + 1}\n`),
  ];
  const record = `${ROOM}\n${lines.join("")}`;
  await redis.xadd(keys.log(PARTITION), `${id}-0`, "nonce", nonce, "pub", publication, "likes", record);
  await redis.hincrby(keys.clock(PARTITION), "log_bytes", publication.length + record.length);
  await redis.hset(keys.clock(PARTITION), "last", String(id), "epoch", "e");
  await redis.hset(keys.room(ROOM), "upto", String(id));
  await redis.hincrby(keys.likes(ROOM), "s:pending", sessionLikes);
  await redis.hincrby(keys.likes(ROOM), `${id}:pending`, messageLikes);
}

const quiet: RoomSettlement = { rejected: [], columns: new Map() };

async function settleAll(room: RoomSettlement = quiet, nonces?: readonly string[]) {
  const entries = await readLog(redis, PARTITION, 500);
  const named = entries.map((entry, i) => ({ streamId: entry.streamId, nonce: nonces?.[i] ?? entry.nonce }));
  return settle(redis, { partition: PARTITION, entries: named, rooms: new Map([[ROOM, room]]) });
}

const clock = () => redis.hgetall(keys.clock(PARTITION));
const likes = () => redis.hgetall(keys.likes(ROOM));

/** Publications arrive in order: once this one is heard, all before it are. */
async function heardSoFar(): Promise<string[]> {
  await publish(redis, keys.channel(ROOM), "end");
  await expect.poll(() => heard.at(-1)).toBe("end");
  return heard.filter((text) => text !== "end");
}

test("what was removed leaves `pending` as the column comes into `stored`, and rooms hear it to the last digit", async () => {
  await accept(FIRST, { sessionLikes: 2, messageLikes: 1 });
  const columns = new Map([["s", 12] as const, [`${FIRST}`, 1] as const]);
  expect(await settleAll({ rejected: [], columns })).toEqual({ stored: FIRST, entriesLeft: 0, statuses: ["removed"] });
  expect(await likes()).toEqual({ "s:pending": "0", "s:stored": "12", [`${FIRST}:pending`]: "0", [`${FIRST}:stored`]: "1" });
  expect(await clock()).toEqual({ last: String(FIRST), stored: String(FIRST), epoch: "e", log_bytes: "0" });
  expect(await heardSoFar()).toEqual([
    `C s5\n{"type":"counts","total_likes":12,"likes":{"${FIRST}":1}}`,
    `C s5\n{"type":"stored","upto":${FIRST}}`,
  ]);
});

test("settling again changes nothing", async () => {
  await accept(FIRST, { sessionLikes: 2 });
  const entries = await readLog(redis, PARTITION, 500);
  const rooms = new Map([[ROOM, { rejected: [], columns: new Map([["s", 2] as const]) }] as const]);
  const settleOnce = () => settle(redis, { partition: PARTITION, entries, rooms });
  await settleOnce();
  const before = [await clock(), await likes()];
  expect((await settleOnce()).statuses).toEqual(["gone"]);
  expect([await clock(), await likes()]).toEqual(before);
});

test("an entry under another nonce stays, and its likes stay pending", async () => {
  await accept(FIRST, { nonce: "theirs", sessionLikes: 3 });
  expect(await settleAll(quiet, ["mine"])).toEqual({ stored: FIRST - 1, entriesLeft: 1, statuses: ["replaced"] });
  expect(await likes()).toMatchObject({ "s:pending": "3" });
});

test("log_bytes and the watermark follow what is left", async () => {
  await accept(FIRST);
  const [first] = await readLog(redis, PARTITION, 500);
  const bytesOfOne = Number((await clock()).log_bytes);
  await accept(FIRST + 64);
  const entries = first === undefined ? [] : [first];
  const { stored } = await settle(redis, { partition: PARTITION, entries, rooms: new Map([[ROOM, quiet]]) });
  expect([stored, Number((await clock()).log_bytes)]).toEqual([FIRST + 63, bytesOfOne]);
  expect(await heardSoFar()).toEqual([`C s5\n{"type":"stored","upto":${FIRST + 63}}`]);
});

test("a column older than the one known does not lower the count", async () => {
  await accept(FIRST, { sessionLikes: 1 });
  await redis.hset(keys.likes(ROOM), "s:stored", "9");
  await settleAll({ rejected: [], columns: new Map([["s", 4]]) });
  expect(await likes()).toMatchObject({ "s:stored": "9", "s:pending": "0" });
});

test("a sender hears of `rejected` before the `stored` that covers it", async () => {
  await accept(FIRST);
  await settleAll({ rejected: [{ userId: 7, clientId: CLIENT, code: "not_stored" }], columns: new Map() });
  expect(await heardSoFar()).toEqual([
    `C s5\n{"type":"rejected","user_id":7,"client_id":"${CLIENT}","code":"not_stored"}`,
    `C s5\n{"type":"stored","upto":${FIRST}}`,
  ]);
});

test("nothing is made for a room or a clock that Redis does not know", async () => {
  await accept(FIRST, { sessionLikes: 1 });
  await redis.del(keys.clock(PARTITION), keys.room(ROOM), keys.likes(ROOM));
  expect((await settleAll({ rejected: [], columns: new Map([["s", 1]]) })).statuses).toEqual(["removed"]);
  // The stream stays, empty: its last id is what a new clock starts above.
  expect(await findKeys(redis, "*")).toEqual([keys.log(PARTITION)]);
  expect(await heardSoFar()).toEqual([]);
});
