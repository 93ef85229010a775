import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { blockingClient, commandClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { awaitEntries, decodeEntry, measureLog, readLog } from "./log.ts";
import { encodePublication } from "./publication.ts";

const log = createLog("test", "silent");
const server = await testRedis();
const redis = commandClient(server.url, "test", log);
const blocking = blockingClient(server.url, "test", log);
await redis.connect();
await blocking.connect();
afterAll(() => {
  redis.disconnect();
  blocking.disconnect();
});
beforeEach(() => flushAll(redis));

const publication = (firstId: number, count: number) => {
  const events = Array.from({ length: count }, (_, n) => {
    const id = firstId + n * 64;
    return { id, kind: "m", flags: 0, userId: n + 1, clientId: `c${n}`, body: `{"id":${id}}` };
  });
  return encodePublication("s3", 0, events.at(-1)?.id ?? 0, events);
};

async function add(entries: number, eventsEach: number): Promise<void> {
  for (let n = 0; n < entries; n++) {
    const id = 4_096 * (n + 1) * 10 + 3;
    await redis.xadd(keys.log(3), `${id}-0`, "nonce", `n${n}`, "pub", publication(id, eventsEach));
  }
}

test("a read stops before the entry that would be too much", async () => {
  await add(70, 8);
  const entries = await readLog(redis, 3, 500);
  expect(entries).toHaveLength(62);
  expect(entries.map((entry) => entry.nonce)).toEqual(Array.from({ length: 62 }, (_, n) => `n${n}`));
});

test("an entry larger than a batch is read alone", async () => {
  await add(2, 20);
  expect((await readLog(redis, 3, 10)).map((entry) => entry.events.length)).toEqual([20]);
});

test("a read of an empty or unknown log is empty", async () => {
  expect(await readLog(redis, 3, 500)).toEqual([]);
});

test("a log is measured by its entries and the id of the oldest", async () => {
  expect(await measureLog(redis, 3)).toEqual({ entries: 0, oldestId: undefined });
  await add(3, 1);
  expect(await measureLog(redis, 3)).toEqual({ entries: 3, oldestId: 40_963 });
});

test("an entry holds its events, likes and read marks, and what cannot be read beside them", () => {
  const field = (text: string) => Buffer.from(text);
  const entry = decodeEntry("67-0", [
    ...[field("nonce"), field("n")],
    ...[field("pub"), publication(67, 1)],
    ...[field("likes"), field("s3\n131 s 9\n195 67 8\n")],
    ...[field("likes"), field("s3\n131 x 9\n")],
    ...[field("reads"), field("c3\n259 9 67\n")],
    ...[field("future"), field("?")],
  ]);
  expect(entry).toEqual({
    streamId: "67-0",
    firstId: 67,
    nonce: "n",
    rooms: ["s3", "c3"],
    events: [{ id: 67, room: "s3", kind: "m", flags: 0, userId: 1, clientId: "c0", body: Buffer.from('{"id":67}') }],
    likes: [
      { id: 131, room: "s3", target: "s", userId: 9 },
      { id: 195, room: "s3", target: "67", userId: 8 },
    ],
    reads: [{ id: 259, room: "c3", userId: 9, upto: 67 }],
    unreadable: [
      { bytes: field("s3\n131 x 9\n"), error: "like record" },
      { bytes: field("?"), error: "unknown field" },
    ],
  });
});

test("a blocking read tells which log holds something, at once or when it comes", async () => {
  expect(await awaitEntries(blocking, [2, 3], 20)).toEqual([]);
  const ringing = awaitEntries(blocking, [2, 3], 1_000);
  await add(1, 1);
  expect(await ringing).toEqual([3]);
  expect(await awaitEntries(blocking, [2, 3], 1_000)).toEqual([3]);
});
