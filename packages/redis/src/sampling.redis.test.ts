/** The rate above which `accept` marks messages as not shown live: whom it chooses, and that nothing else changes by it. */
import { randomUUID } from "node:crypto";
import type { RoomName } from "@drawchat/protocol/ids";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { Acceptor, type AcceptorOptions, type EventSubmission, type Outcome } from "./accept.ts";
import { commandClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { EVENT_PROMPT, EVENT_SKIPPED, EVENT_V2_ONLY } from "./publication.ts";
import { restoreRoom } from "./restore.ts";
import { readRoom } from "./room-state.ts";

const server = await testRedis();
const log = createLog("test", "silent");
const redis = commandClient(server.url, "test", log);
await redis.connect();
afterAll(() => redis.disconnect());

const HOUR_MS = 3_600_000;
const ROOM: RoomName = "s5";
const LOUD = 1;
/** What a full bucket shows at once: two seconds' worth, 20 at least. */
const FULL = 20;

beforeEach(async () => {
  await flushAll(redis);
  await openRoom();
});

async function openRoom(): Promise<void> {
  const opensMs = Date.now() - HOUR_MS;
  const policy = {
    kind: "session",
    state: "scheduled",
    opensMs,
    closesMs: Date.now() + HOUR_MS,
    drawMs: opensMs,
    winners: [],
    version: 1,
  } as const;
  await restoreRoom(redis, { room: ROOM, policy, upto: 0, events: [], after: 0, likes: new Map(), logFirstEntry: "" });
}

function acceptor(sampleAbovePerSecond: number, options: Partial<AcceptorOptions> = {}): Acceptor {
  const limits = { session: 0, conversation: 0 };
  return new Acceptor({ redis, log, limits, sampleAbovePerSecond, restoreRoom: async () => "unknown", ...options });
}

function message(userId: number, more: Partial<EventSubmission> = {}): EventSubmission {
  const parts = ['{"type":"new_message","message":{"id":', `,"user_id":${userId},"created_at":"`, '"}}'] as const;
  return { room: ROOM, kind: "m", userId, clientId: randomUUID(), parts, ...more };
}

function isShown(outcome: Outcome): boolean {
  if (outcome.kind !== "accepted") throw new Error(`a message was ${outcome.kind}`);
  return outcome.isSkipped === undefined;
}

/** One group after the first message, which goes alone: how many of them are shown. */
async function shownOf(one: Acceptor, submissions: readonly EventSubmission[]): Promise<number> {
  return (await Promise.all(submissions.map((submission) => one.submit(submission)))).filter(isShown).length;
}

/** For the bucket this much time went by, beside what the test takes. */
async function pass(ms: number): Promise<void> {
  await redis.hincrby(keys.room(ROOM), "bucket_at", -ms);
  const shown = await redis.zrange(keys.shown(ROOM), "0", "-1", "WITHSCORES");
  const moved = shown.flatMap((user, i) => (i % 2 === 0 ? [Number(shown[i + 1]) - ms, user] : []));
  if (moved.length > 0) await redis.zadd(keys.shown(ROOM), ...moved);
}

/** Its tokens, in thousandths; by a clock that fell back, so that none come until the next call. */
async function fill(level: number): Promise<void> {
  await redis.hset(keys.room(ROOM), "bucket", level, "bucket_at", Date.now() + HOUR_MS);
}

const many = (count: number, submissionOf: (n: number) => EventSubmission) => Array.from({ length: count }, (_, n) => submissionOf(n));
const quiet = (n: number) => message(100 + n);

async function inHistory() {
  return (await readRoom(redis, ROOM, { history: "all" }))?.publications.flatMap(({ events }) => events) ?? [];
}

test("without a rate everything is shown, and nothing is written for it", async () => {
  expect(await shownOf(acceptor(0), many(300, quiet))).toBe(300);
  expect((await inHistory()).every(({ flags }) => flags === 0)).toBe(true);
  expect(await redis.hmget(keys.room(ROOM), "bucket", "bucket_at")).toEqual([null, null]);
  expect(await redis.exists(keys.shown(ROOM))).toBe(0);
});

test("beyond the rate messages are accepted in order and flagged, and the sender is told", async () => {
  const outcomes = await Promise.all(many(100, quiet).map((submission) => acceptor(1).submit(submission)));
  const events = await inHistory();
  expect(events.map(({ id }) => id)).toEqual(outcomes.map((outcome) => (outcome.kind === "accepted" ? outcome.id : 0)));
  expect(events.map(({ flags }) => flags === EVENT_SKIPPED)).toEqual(outcomes.map((outcome) => !isShown(outcome)));
  expect(outcomes.filter(isShown)).toHaveLength(FULL);
});

test("a group counts its own earlier messages, those of the same sender too", async () => {
  // Half of the bucket is anybody's, from there on who was shown a moment ago yields.
  expect(
    await shownOf(
      acceptor(1),
      many(100, () => message(LOUD)),
    ),
  ).toBe(FULL / 2 + 1);
  expect(await shownOf(acceptor(1), many(100, quiet))).toBe(FULL / 2 - 1);
});

test("tokens come back by Redis's clock, and no more than the bucket holds", async () => {
  const one = acceptor(1);
  await shownOf(one, many(100, quiet));
  await pass(3_000);
  expect(
    await shownOf(
      one,
      many(100, (n) => message(1_000 + n)),
    ),
  ).toBe(3);
  await pass(HOUR_MS);
  expect(
    await shownOf(
      one,
      many(100, (n) => message(2_000 + n)),
    ),
  ).toBe(FULL);
});

test("below the rate nobody is skipped, however often one writes", async () => {
  const one = acceptor(20);
  for (let second = 0; second < 5; second += 1) {
    expect(
      await shownOf(
        one,
        many(20, () => message(LOUD)),
      ),
    ).toBe(20);
    await pass(1_000);
  }
});

test("a loud sender takes none of what quiet ones need", async () => {
  const one = acceptor(20);
  const shown = { loud: 0, quiet: 0 };
  const count = async (who: keyof typeof shown, submissions: EventSubmission[]) => {
    shown[who] += await shownOf(one, submissions);
  };
  const startedMs = performance.now();
  for (let tenth = 0; tenth < 150; tenth += 1) {
    await count(
      "loud",
      many(10, () => message(LOUD)),
    );
    await count("quiet", [quiet(tenth % 75)]); // each every 7.5 seconds
    await pass(100);
  }
  const tokens = 2 * 20 + 20 * (15 + (performance.now() - startedMs) / 1_000);
  expect(shown.quiet).toBe(150);
  expect(shown.loud + shown.quiet).toBeLessThanOrEqual(tokens);
  expect(shown.loud + shown.quiet).toBeGreaterThan(0.9 * (tokens - 20));
});

test("where all are loud, all are shown about as often", async () => {
  const one = acceptor(20);
  const shown = new Map<number, number>();
  for (let tenth = 0; tenth < 150; tenth += 1) {
    const senders = Array.from({ length: 30 }, (_, n) => 100 + ((n * 7 + tenth) % 30));
    const outcomes = await Promise.all(senders.map((userId) => one.submit(message(userId))));
    senders.forEach((userId, n) => {
      const outcome = outcomes[n];
      if (outcome && isShown(outcome)) shown.set(userId, (shown.get(userId) ?? 0) + 1);
    });
    await pass(100);
  }
  const counts = [...shown.values()];
  expect(counts).toHaveLength(30);
  expect(Math.max(...counts)).toBeLessThanOrEqual(1.5 * Math.min(...counts));
  expect(await redis.zcard(keys.shown(ROOM))).toBe(30);
});

test("host, winner, deletion, edit and the writer's own corrections are shown from an empty bucket, and cost it nothing", async () => {
  const one = acceptor(1);
  await shownOf(one, many(100, quiet));
  await fill(500);
  const kinds = ["d", "e"] as const;
  const prompt = [
    message(LOUD, { isPrompt: true }),
    ...kinds.map((kind) => message(LOUD, { kind, v2Only: true })),
    message(LOUD, { force: true }),
  ];
  expect(await shownOf(one, prompt)).toBe(4);
  expect((await inHistory()).slice(-4).map(({ flags }) => flags)).toEqual([EVENT_PROMPT, EVENT_V2_ONLY, EVENT_V2_ONLY, 0]);
  expect(Number(await redis.hget(keys.room(ROOM), "bucket"))).toBeGreaterThanOrEqual(500);
  await fill(500);
  expect(await shownOf(one, [message(LOUD)])).toBe(0);
});

test("the choice is the room's: two gateways share one bucket and one memory of who was shown", async () => {
  const gateways = [acceptor(1), acceptor(1)] as const;
  const shown = await Promise.all(
    gateways.map((gateway, g) =>
      shownOf(
        gateway,
        many(50, (n) => message(1_000 * (g + 1) + n)),
      ),
    ),
  );
  expect((shown[0] ?? 0) + (shown[1] ?? 0)).toBe(FULL);
  await fill(5_000);
  expect(await shownOf(gateways[0], [message(LOUD)])).toBe(1);
  for (const gateway of gateways) expect(await shownOf(gateway, [message(LOUD)])).toBe(0);
  expect(await shownOf(gateways[1], [message(LOUD + 1)])).toBe(1);
});

test("a repetition is answered like the first, in its group and later", async () => {
  const one = acceptor(1);
  await shownOf(one, many(100, quiet));
  const submission = message(LOUD);
  const [first, within] = await Promise.all([one.submit(submission), one.submit(submission)]);
  expect(first).toMatchObject({ kind: "accepted", isSkipped: true });
  expect(within).toEqual({ ...first, kind: "duplicate" });
  expect(await one.submit(submission)).toEqual({ ...first, kind: "duplicate" });
});

test("who was shown over a minute ago is forgotten, and its key ends with the room", async () => {
  const one = acceptor(20);
  await shownOf(one, many(20, quiet));
  await pass(61_000);
  await shownOf(
    one,
    many(3, (n) => message(1_000 + n)),
  );
  expect(await redis.zrange(keys.shown(ROOM), "0", "-1")).toEqual(["1000", "1001", "1002"]);
  expect(await redis.pexpiretime(keys.shown(ROOM))).toBe(await redis.pexpiretime(keys.history(ROOM)));
});

test("a memory of a wrong type refuses its room and writes nothing", async () => {
  await redis.set(keys.shown(ROOM), "another's");
  expect(await acceptor(1).submit(quiet(1))).toEqual({ kind: "refused", code: "unavailable" });
  expect(await inHistory()).toEqual([]);
});

test("after Redis lost its memory the room begins with a full bucket", async () => {
  const one = acceptor(1);
  await shownOf(one, many(100, quiet));
  await flushAll(redis);
  await openRoom();
  expect(await shownOf(one, many(100, quiet))).toBe(FULL);
});
