/** What the ledger sees of a room in Redis, beside `accept` itself. */
import type { RoomName } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient } from "@drawchat/redis/connect";
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

test("what accept declares as not shown live is told apart, and nothing that waits is waited for in vain", async () => {
  const redis = commandClient(server.url, "test", log);
  await redis.connect();
  const policy = {
    kind: "session",
    state: "open",
    opensMs: 0,
    closesMs: Date.now() + 3_600_000,
    drawMs: 0,
    winners: [],
    version: 1,
  } as const;
  await restoreRoom(redis, { room: ROOM, policy, upto: 0, events: [], after: 0, likes: new Map(), logFirstEntry: "" });
  const tap = new LogTap({ run: RUN, rooms: [ROOM], url: server.url, log });
  await tap.start();
  const limits = { session: 0, conversation: 0 };
  const acceptor = new Acceptor({ redis, log, limits, sampleAbovePerSecond: 1, restoreRoom: async () => "unknown" });
  const say = (sender: number) => {
    const text = loadText({ run: RUN, sender, n: 0, sentUs: 1, bytes: 60 });
    const parts = ['{"type":"new_message","message":{"id":', `,"message":"${text}","created_at":"`, '"}}'] as const;
    return acceptor.submit({ room: ROOM, kind: "m", userId: 100 + sender, clientId: loadClientId(RUN, sender, 0), parts });
  };
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
