/** `accept` on a real Redis: what it accepts is in log, history and channel alike; what it refuses is nowhere. */

import { randomUUID } from "node:crypto";
import { idCreatedAt, partitionOfId, type RoomName } from "@drawchat/protocol/ids";
import { createLog } from "@drawchat/runtime/log";
import { testRedis } from "@drawchat/testkit/redis";
import { findKeys, flushAll, tellNodes } from "@drawchat/testkit/redis-nodes";
import { afterAll, beforeEach, expect, test } from "vitest";
import { Acceptor, type AcceptorOptions, type EventSubmission } from "./accept.ts";
import { commandClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { decodePublication } from "./publication.ts";
import { restoreRoom } from "./restore.ts";
import { readRoom } from "./room-state.ts";
import { Subscriber } from "./subscriber.ts";

const server = await testRedis();
const log = createLog("test", "silent");
const redis = commandClient(server.url, "test", log);
await redis.connect();
afterAll(() => redis.disconnect());

const HOUR_MS = 3_600_000;
const ROOM: RoomName = "s5";
const SAME_PARTITION: RoomName = "s69"; // 69 mod 64 = 5
const PARTITION = 5;

beforeEach(async () => {
  await flushAll(redis);
});

async function openRoom(room: RoomName = ROOM, window: { opensMs?: number; closesMs?: number } = {}): Promise<void> {
  const { opensMs = Date.now() - HOUR_MS, closesMs = Date.now() + HOUR_MS } = window;
  const restored = await restoreRoom(redis, {
    room,
    policy: { kind: "session", state: "scheduled", opensMs, closesMs, drawMs: opensMs, winners: [], version: 1 },
    upto: 0,
    events: [],
    after: 0,
    likes: new Map(),
    logFirstEntry: await firstLogEntry(),
  });
  expect(restored).toBe("restored");
}

async function firstLogEntry(): Promise<string> {
  return (await redis.xrange(keys.log(PARTITION), "-", "+", "COUNT", 1))[0]?.[0] ?? "";
}

function acceptor(options: Partial<AcceptorOptions> = {}): Acceptor {
  return new Acceptor({ redis, log, limits: { session: 10, conversation: 10 }, restoreRoom: async () => "unknown", ...options });
}

function message(text: string, { room = ROOM, userId = 1, clientId = randomUUID() as string } = {}): EventSubmission {
  const body = JSON.stringify({ user_id: userId, message: text }).slice(1, -1);
  return { room, kind: "m", userId, clientId, parts: ['{"type":"new_message","message":{"id":', `,${body},"created_at":"`, '"}}'] };
}

async function logged(): Promise<{ id: number; room: string; text: string }[]> {
  const entries = await redis.xrangeBuffer(keys.log(PARTITION), "-", "+");
  return entries.flatMap(([, fields]) =>
    fields.flatMap((field, i) => {
      const bytes = fields[i + 1];
      if (i % 2 !== 0 || field.toString() !== "pub" || bytes === undefined) return [];
      const { room, events } = decodePublication(bytes);
      return events.map(({ id, start, end }) => ({ id, room, text: JSON.parse(bytes.toString("utf8", start, end)).message.message }));
    }),
  );
}

test("an accepted message is the same bytes in log, history and channel", async () => {
  await openRoom();
  const subscriber = new Subscriber(server.url, "test", log);
  await subscriber.connect();
  const published = Promise.withResolvers<Buffer>();
  await subscriber.subscribe(keys.channel(ROOM), { onMessage: published.resolve });

  const clientId = randomUUID();
  const outcome = await acceptor().submit(message("grüße 👋", { clientId }));
  if (outcome.kind !== "accepted") throw new Error(outcome.kind);
  const bytes = await published.promise;
  subscriber.disconnect();

  const publication = decodePublication(bytes);
  expect(publication).toMatchObject({ room: ROOM, after: 0, upto: outcome.id });
  const [event] = publication.events;
  expect(event).toMatchObject({ id: outcome.id, kind: "m", flags: 0, userId: 1, clientId });
  expect(JSON.parse(bytes.toString("utf8", event?.start, event?.end))).toEqual({
    type: "new_message",
    message: { id: outcome.id, user_id: 1, message: "grüße 👋", created_at: idCreatedAt(outcome.id) },
  });
  expect((await redis.xrangeBuffer(keys.history(ROOM), "-", "+"))[0]?.[1][1]).toEqual(bytes);
  expect((await redis.xrangeBuffer(keys.log(PARTITION), "-", "+"))[0]?.[1][3]).toEqual(bytes);
  expect(partitionOfId(outcome.id)).toBe(PARTITION);
});

test("the times in ids and created_at agree for every kind of date", async () => {
  await openRoom();
  const one = acceptor();
  // Ids far ahead, as after a clock that fell back: leap years, ends of months, ends of years.
  for (const date of ["2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00.000Z", "2031-12-31T23:59:59.001Z", "2040-01-01T00:00:00.000Z"]) {
    one.noteSeen(PARTITION, (Date.parse(date) - Date.UTC(2025, 0, 1)) * 4_096 + 4_000);
    const outcome = await one.submit(message(date));
    if (outcome.kind !== "accepted") throw new Error(outcome.kind);
    const event = JSON.parse((await redis.xrevrange(keys.history(ROOM), "+", "-", "COUNT", 1))[0]?.[1][1]?.split("\n").at(-1) ?? "");
    expect(event.message.created_at).toBe(idCreatedAt(outcome.id));
    expect(event.message.created_at >= date).toBe(true);
  }
});

test("what arrives while a call is in flight goes out together, in the order of arrival", async () => {
  await openRoom();
  const one = acceptor({ limits: { session: 0, conversation: 0 } });
  const outcomes = await Promise.all(Array.from({ length: 300 }, (_, n) => one.submit(message(`m${n}`))));
  const ids = outcomes.map((outcome) => (outcome.kind === "accepted" ? outcome.id : 0));
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  expect(new Set(ids).size).toBe(300);
  expect((await logged()).map((entry) => entry.text)).toEqual(Array.from({ length: 300 }, (_, n) => `m${n}`));
  expect(await redis.xlen(keys.log(PARTITION))).toBeLessThan(10);
  const state = await readRoom(redis, ROOM, { history: "all" });
  const chain = (state?.publications ?? []).map(({ after, upto }) => ({ after, upto }));
  expect(chain.map(({ after }) => after)).toEqual([0, ...chain.slice(0, -1).map(({ upto }) => upto)]);
});

test("a repeated client_id keeps its first id, costs nothing and is not published again", async () => {
  await openRoom();
  const one = acceptor({ limits: { session: 2, conversation: 2 } });
  const clientId = randomUUID();
  const first = await one.submit(message("once", { clientId }));
  if (first.kind !== "accepted") throw new Error(first.kind);
  const again = await Promise.all([1, 2, 3].map(() => one.submit(message("other text", { clientId }))));
  expect(again).toEqual([1, 2, 3].map(() => ({ kind: "duplicate", id: first.id })));
  expect(await one.submit(message("second"))).toMatchObject({ kind: "accepted" });
  expect((await logged()).map((entry) => entry.text)).toEqual(["once", "second"]);
  expect(await one.submit(message("another's", { clientId, userId: 2 }))).toMatchObject({ kind: "accepted" });
});

test("within one group too, a client_id counts once", async () => {
  await openRoom();
  const clientId = randomUUID();
  const one = acceptor();
  const [, a, b] = await Promise.all([
    one.submit(message("first")),
    one.submit(message("x", { clientId })),
    one.submit(message("x", { clientId })),
  ]);
  expect([a?.kind, b?.kind]).toEqual(["accepted", "duplicate"]);
});

test("at most 10 messages of a user are accepted in any 60 s, over several gateways", async () => {
  await openRoom();
  const gateways = [acceptor(), acceptor()];
  const outcomes = await Promise.all(Array.from({ length: 30 }, (_, n) => gateways[n % 2]?.submit(message(`m${n}`))));
  expect(outcomes.filter((outcome) => outcome?.kind === "accepted")).toHaveLength(10);
  const refused = outcomes.find((outcome) => outcome?.kind === "refused");
  expect(refused).toMatchObject({ code: "rate_limited" });
  expect(refused?.kind === "refused" && refused.retryAfterMs).toBeGreaterThan(55_000);
  expect(await gateways[0]?.submit(message("mine", { userId: 2 }))).toMatchObject({ kind: "accepted" });
});

test("the window slides: each accepted message frees its place 60 s after it came", async () => {
  await openRoom();
  const one = acceptor({ limits: { session: 3, conversation: 3 } });
  await one.submit(message("a"));
  const pack = (...agoMs: number[]) => Buffer.concat(agoMs.map((ms) => timeBytes(Date.now() - ms)));
  await redis.hset(keys.rate(ROOM), "1", pack(61_000, 30_000, 1_000));
  expect(await one.submit(message("b"))).toMatchObject({ kind: "accepted" });
  const outcome = await one.submit(message("c"));
  expect(outcome).toMatchObject({ kind: "refused", code: "rate_limited" });
  expect(outcome.kind === "refused" && outcome.retryAfterMs).toBeLessThanOrEqual(30_000);
  expect(outcome.kind === "refused" && outcome.retryAfterMs).toBeGreaterThan(25_000);
});

function timeBytes(ms: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(ms, 0, 6);
  return bytes;
}

test("in a group, a bad room is refused alone and nothing is acknowledged that is not in the log", async () => {
  const [broken, full, unknown, closed]: RoomName[] = ["s133", "s197", "s261", "s325"];
  if (!broken || !full || !unknown || !closed) throw new Error("rooms");
  for (const room of [ROOM, SAME_PARTITION, broken, full]) await openRoom(room);
  await openRoom(closed, { closesMs: Date.now() - 1_000 });
  await redis.del(keys.history(broken));
  await redis.set(keys.history(broken), "another room's wrong type");
  await redis.hset(keys.seen(full, 0), { "9:a": 1, "9:b": 2, "9:c": 3 });

  const one = acceptor({ seenMaxEntries: 3 });
  const rooms = [ROOM, broken, SAME_PARTITION, full, unknown, closed, ROOM];
  const outcomes = await Promise.all(rooms.map((room, n) => one.submit(message(`m${n}`, { room }))));
  expect(outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.code : outcome.kind))).toEqual([
    "accepted",
    "unavailable",
    "accepted",
    "busy",
    "session_not_found",
    "chat_closed",
    "accepted",
  ]);
  const acknowledged = outcomes.flatMap((outcome) => (outcome.kind === "accepted" ? [outcome.id] : []));
  expect((await logged()).map((entry) => entry.id).sort((a, b) => a - b)).toEqual(acknowledged.sort((a, b) => a - b));
  expect((await readRoom(redis, full))?.upto).toBe(0);
});

test("before the opening and after the close a message is refused, by Redis's clock", async () => {
  await openRoom(ROOM, { opensMs: Date.now() + 60_000 });
  expect(await acceptor().submit(message("early"))).toEqual({ kind: "refused", code: "chat_closed" });
  expect(await redis.exists(keys.log(PARTITION))).toBe(0);
});

test("at the log's cap it answers busy and drops nothing", async () => {
  await openRoom();
  const one = acceptor({ logMaxEntries: 2 });
  for (const text of ["a", "b"]) expect(await one.submit(message(text))).toMatchObject({ kind: "accepted" });
  expect(await one.submit(message("c"))).toEqual({ kind: "refused", code: "busy" });
  expect(await acceptor({ logMaxBytes: 10 }).submit(message("d"))).toEqual({ kind: "refused", code: "busy" });
  expect(await one.like({ room: ROOM, target: "s", userId: 1 })).toEqual({ kind: "refused", code: "busy" });
  expect((await logged()).map((entry) => entry.text)).toEqual(["a", "b"]);
});

test("out of memory nothing is written, and it answers busy", async () => {
  await openRoom();
  const one = acceptor();
  await one.submit(message("before"));
  const before = await readRoom(redis, ROOM, { history: "all" });
  await tellNodes(redis, "CONFIG", "SET", "maxmemory", "1mb");
  expect(await one.submit(message("too much"))).toEqual({ kind: "refused", code: "busy" });
  await tellNodes(redis, "CONFIG", "SET", "maxmemory", "0");
  const after = await readRoom(redis, ROOM, { history: "all" });
  expect(after?.upto).toBe(before?.upto);
  expect(after?.publications).toHaveLength(1);
  expect((await logged()).map((entry) => entry.text)).toEqual(["before"]);
});

test("ids go on rising when Redis lost everything, and the epoch changes", async () => {
  await openRoom();
  const one = acceptor();
  one.noteSeen(PARTITION, 9_000_000_000_000_005);
  const before = await one.submit(message("a"));
  const epoch = (await readRoom(redis, ROOM))?.epoch;
  if (before.kind !== "accepted") throw new Error(before.kind);
  expect(before.id).toBeGreaterThan(9_000_000_000_000_005);
  one.noteSeen(PARTITION, before.id);
  await flushAll(redis);
  await openRoom();
  const after = await one.submit(message("b"));
  if (after.kind !== "accepted") throw new Error(after.kind);
  expect(after.id).toBeGreaterThan(before.id);
  expect((await readRoom(redis, ROOM))?.epoch).not.toBe(epoch);
});

test("a room that Redis does not know is asked for once, and the messages keep their order", async () => {
  let asked = 0;
  const one = acceptor({
    restoreRoom: async () => {
      asked += 1;
      await openRoom();
      return "restored";
    },
  });
  const outcomes = await Promise.all(["a", "b", "c"].map((text) => one.submit(message(text))));
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(["accepted", "accepted", "accepted"]);
  expect((await logged()).map((entry) => entry.text)).toEqual(["a", "b", "c"]);
  expect(asked).toBe(1);
});

test("a call whose answer was lost is repeated and accepted once", async () => {
  await openRoom();
  const one = acceptor();
  await one.submit(message("warm"));
  const control = commandClient(server.url, "control", log);
  await control.connect();
  await tellNodes(control, "CLIENT", "PAUSE", 1_500, "ALL");
  control.disconnect();
  const outcome = await one.submit(message("once"));
  expect(outcome.kind).not.toBe("refused");
  expect((await logged()).map((entry) => entry.text)).toEqual(["warm", "once"]);
});

test("without Redis the answer is unavailable, and with it back the next one is accepted", async () => {
  await openRoom();
  const away = commandClient(server.url, "away", log);
  await away.connect();
  const one = acceptor({ redis: away });
  away.disconnect();
  expect(await one.submit(message("lost?"))).toEqual({ kind: "refused", code: "unavailable" });
  await away.connect();
  expect(await one.submit(message("back"))).toMatchObject({ kind: "accepted" });
  away.disconnect();
});

test("without Redis everybody who waits is answered in about five seconds, also those behind the first group", async () => {
  const away = commandClient(server.url, "away", log);
  await away.connect();
  away.disconnect();
  const one = acceptor({ redis: away });
  const startedAt = performance.now();
  const outcomes = await Promise.all(Array.from({ length: 300 }, (_, n) => one.submit(message(`m${n}`))));
  expect(outcomes.filter((outcome) => outcome.kind !== "refused" || outcome.code !== "unavailable")).toEqual([]);
  expect(performance.now() - startedAt).toBeLessThan(9_000); // one group after another would take 15 s
});

test("a user's like counts once for a message and once for the session, and everybody is told the sum", async () => {
  await openRoom();
  const one = acceptor();
  const liked = await one.submit(message("like me"));
  if (liked.kind !== "accepted") throw new Error(liked.kind);
  const target = `${liked.id}` as const;
  expect(await one.like({ room: ROOM, target, userId: 1 })).toEqual({ kind: "accepted", likes: 1 });
  expect(await one.like({ room: ROOM, target, userId: 1 })).toEqual({ kind: "duplicate", likes: 1 });
  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, n) => one.like({ room: ROOM, target, userId: 2 + (n % 10) })));
  expect(outcomes.filter((outcome) => outcome.kind === "accepted")).toHaveLength(10);
  expect(await one.like({ room: ROOM, target: "s", userId: 1 })).toEqual({ kind: "accepted", likes: 1 });
  const state = await readRoom(redis, ROOM, { history: "all" });
  expect(state?.likes.get(target)).toBe(11);
  expect(state?.likes.get("s")).toBe(1);
  expect(state?.upto).toBe(liked.id); // likes are not in the sequence
});

test("a like of what history does not hold needs Postgres's word", async () => {
  await openRoom();
  const one = acceptor();
  expect(await one.like({ room: ROOM, target: "12345", userId: 1 })).toEqual({ kind: "refused", code: "not_found" });
  expect(await one.like({ room: ROOM, target: "12345", userId: 1, verifiedLikes: 7 })).toEqual({ kind: "accepted", likes: 8 });
  expect(await one.like({ room: ROOM, target: "12345", userId: 2 })).toEqual({ kind: "accepted", likes: 9 });
});

test("dedupe turns after ten minutes, but not before the older turn is stored", async () => {
  await openRoom();
  const one = acceptor();
  const old = message("old");
  const first = await one.submit(old);
  if (first.kind !== "accepted") throw new Error(first.kind);
  const age = () => redis.hset(keys.room(ROOM), "seen_since", Date.now() - 601_000);
  await age();
  await one.submit(message("turned")); // nothing is stored, but the empty older turn holds nothing
  expect(await one.submit(old)).toEqual({ kind: "duplicate", id: first.id });
  await age();
  await one.submit(message("not turned: the older turn is not stored"));
  expect(await one.submit(old)).toEqual({ kind: "duplicate", id: first.id });
  await redis.hset(keys.clock(PARTITION), "stored", String(first.id));
  await age();
  await one.submit(message("turned again"));
  expect(await one.submit(old)).toMatchObject({ kind: "accepted" });
});

test("history keeps 500 events or 5 minutes, whichever is more, and whatever is not stored", async () => {
  await openRoom();
  const one = acceptor({ limits: { session: 0, conversation: 0 } });
  const send = (count: number) => Promise.all(Array.from({ length: count }, (_, n) => one.submit(message(`m${n}`))));
  await send(600);
  expect((await readRoom(redis, ROOM, { history: "all" }))?.publications.flatMap(({ events }) => events)).toHaveLength(600);
  // The same room seen six minutes later: its ids are old. Stored, they go, down to 500.
  const ahead = acceptor({ limits: { session: 0, conversation: 0 } });
  const shift = 360_000 * 4_096;
  for (const field of ["history_oldest"]) {
    const value = Number(await redis.hget(keys.room(ROOM), field));
    await redis.hset(keys.room(ROOM), field, String(value - shift));
  }
  await redis.hset(keys.clock(PARTITION), "stored", String(await redis.hget(keys.clock(PARTITION), "last")));
  await ahead.submit(message("one more"));
  const left = (await readRoom(redis, ROOM, { history: "all" }))?.publications.flatMap(({ events }) => events) ?? [];
  expect(left.length).toBeLessThan(601);
  expect(left.length).toBeGreaterThanOrEqual(500);
});

test("every key of a session expires a day after its end", async () => {
  const closesMs = Date.now() + HOUR_MS;
  await openRoom(ROOM, { closesMs });
  const one = acceptor();
  const sent = await one.submit(message("a"));
  await one.like({ room: ROOM, target: "s", userId: 1 });
  expect(sent.kind).toBe("accepted");
  const roomKeys = (await findKeys(redis, "*")).filter((key) => key.includes(ROOM));
  const kept = await Promise.all(roomKeys.map(async (key) => [key, await redis.pexpiretime(key)]));
  expect(kept).toEqual(roomKeys.map((key) => [key, closesMs + 24 * HOUR_MS]));
  expect(roomKeys.length).toBeGreaterThanOrEqual(6);
});
