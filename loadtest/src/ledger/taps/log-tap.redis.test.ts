/** What the ledger sees of a room in Redis, beside `accept` itself. */
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient, type RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { restoreRoom } from "@drawchat/redis/restore";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { expect, test } from "vitest";
import { loadClientId, loadText } from "../../generator/load-text.ts";
import { LogTap } from "./log-tap.ts";

const ROOM: RoomName = "s5";
const RUN = 7;
const log = createLog("test", "silent");
const server = await testRedis();

/** An open room of its own, and who speaks in it. */
async function openRoom(redis: RedisClient, room: RoomName, sampleAbovePerSecond: number) {
  const hourMs = 3_600_000;
  const policy = { kind: "session", state: "open", opensMs: 0, closesMs: Date.now() + hourMs, drawMs: 0, winners: [], version: 1 } as const;
  await restoreRoom(redis, { room, policy, upto: 0, events: [], after: 0, likes: new Map(), logFirstEntry: "" });
  const limits = { session: 0, conversation: 0 };
  const acceptor = new Acceptor({ redis, log, limits, sampleAbovePerSecond, restoreRoom: async () => "unknown" });
  return (sender: number) => {
    const text = loadText({ run: RUN, sender, n: 0, sentUs: 1, bytes: 60 });
    const parts = ['{"type":"new_message","message":{"id":', `,"message":"${text}","created_at":"`, '"}}'] as const;
    return acceptor.submit({ room, kind: "m", userId: 100 + sender, clientId: loadClientId(RUN, sender, 0), parts });
  };
}

test("what accept declares as not shown live is told apart, and nothing that waits is waited for in vain", async () => {
  const redis = commandClient(server.url, "test", log);
  await redis.connect();
  const say = await openRoom(redis, ROOM, 1);
  const tap = new LogTap({ run: RUN, rooms: [ROOM], url: server.url, log });
  await tap.start();
  const outcomes = await Promise.all(Array.from({ length: 60 }, (_, sender) => say(sender)));
  await tap.finish();
  redis.disconnect();

  const accepted = outcomes.flatMap((outcome) => (outcome.kind === "accepted" ? [outcome] : []));
  expect(tap.logged(ROOM).map(({ id }) => id)).toEqual(accepted.map(({ id }) => id));
  const skipped = accepted.filter(({ isSkipped }) => isSkipped === true).map(({ id }) => id);
  expect(skipped.length).toBeGreaterThan(30);
  expect([...tap.sampled(ROOM)].toSorted((a, b) => a - b)).toEqual(skipped);
  expect(tap.upto(ROOM)).toBe(accepted.findLast(({ isSkipped }) => isSkipped !== true)?.id);
});

test("what other rooms of the partition have in the log is not waited for", async () => {
  const redis = commandClient(server.url, "test", log);
  await redis.connect();
  const partition = partitionOfRoom("s7");
  const other = Array.from({ length: 10_000 }, (_, i): RoomName => `s${i + 8}`).find((room) => partitionOfRoom(room) === partition);
  if (other === undefined) throw new Error("a second room of the partition");
  const say = await openRoom(redis, "s7", 0);
  await redis.xtrim(keys.log(partition), "MAXLEN", 0);
  await (await openRoom(redis, other, 0))(1);
  const tap = new LogTap({ run: RUN, rooms: ["s7"], url: server.url, log });
  await tap.start();
  expect(await tap.isStored()).toBe(true);
  await say(1);
  expect(await tap.isStored()).toBe(false);
  await tap.stop();
  redis.disconnect();
});

test("what was stored before anybody looked is in the history, and told once also where the end comes at once", async () => {
  const redis = commandClient(server.url, "test", log);
  await redis.connect();
  const room = "s6";
  const say = await openRoom(redis, room, 0);
  for (let sender = 0; sender < 30; sender += 1) await say(sender);
  await redis.xtrim(keys.log(partitionOfRoom(room)), "MAXLEN", 0);
  const tap = new LogTap({ run: RUN, rooms: [room], url: server.url, log });
  await tap.start();
  await tap.finish();
  redis.disconnect();
  expect(tap.logged(room).map(({ sender }) => sender)).toEqual(Array.from({ length: 30 }, (_, sender) => sender));
});
