/** Frames of good form that ask for what must not be, say things twice, or lie about their sender. */

import { randomUUID } from "node:crypto";
import { ERRORS } from "@drawchat/protocol/errors";
import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { type AnyServerFrame, TestClient } from "@drawchat/testkit/client";
import { startCluster } from "@drawchat/testkit/cluster";
import { findKeys } from "@drawchat/testkit/redis-nodes";
import { afterAll, expect, test } from "vitest";
import { watchRoom } from "../test/watched-room.ts";
import { MARK } from "../test/witness.ts";

const SOON = { timeout: 10_000 };

const cluster = await startCluster({ env: { LOG_LEVEL: "debug" } });
afterAll(() => cluster.stop());
const { sessionId, newcomer, watcher, witness, storedTexts } = await watchRoom(cluster);

async function likeKeys(): Promise<string[]> {
  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  try {
    return await findKeys(redis, "*liked*");
  } finally {
    redis.disconnect();
  }
}

test("what a frame claims about its sender is passed over", async () => {
  const { userId, ...options } = await newcomer();
  const client = await TestClient.open({ ...options, version: 1 });
  const claims = { id: 1, user_id: 99, username: "root", profile_pic: "x", likes: 50, is_host: true, is_winner: true, created_at: "1999" };
  client.send({ type: "message", message: `${MARK} claims`, message_type: "system", extra: { deep: [1] }, ...claims });
  const { message } = await client.waitFor("new_message");
  expect(message).toEqual({
    id: expect.any(Number),
    user_id: userId,
    username: `user${userId}`,
    profile_pic: null,
    message: `${MARK} claims`,
    message_type: "text",
    likes: 0,
    created_at: expect.stringMatching(/^20\d\d-.*Z$/),
    is_winner: false,
    is_host: false,
  });
  expect(message.id).toBeGreaterThan(1_000);
});

const VERBATIM = [
  `${MARK} <script>alert("1")</script> [x](javascript:alert(1))`,
  `${MARK} '; DROP TABLE live_chat_messages; -- $1 %s \\u0000`,
  `${MARK} return redis.call('FLUSHALL') {p07}:log dc:ctl`,
  `${MARK}\n*1\n$8\nFLUSHALL`,
  `${MARK} [31mred[0m "quoted" \\ 👨‍👩‍👧‍👦 שלום e\u0301`,
  `${"\u{1F600}".repeat(492)} ${MARK}`,
];

test("markup, code and emoji arrive and are stored byte for byte", async () => {
  const client = await TestClient.join(await newcomer());
  let last = 0;
  for (const text of VERBATIM) last = (await client.say(text)).id;
  await watcher.waitFor("stored", (frame) => frame.upto >= last);
  const isVerbatim = (text: string) => VERBATIM.includes(text);
  expect(watcher.messages.filter(isVerbatim)).toEqual(VERBATIM);
  expect((await storedTexts()).filter(isVerbatim)).toEqual(VERBATIM);
});

test("controls and bidi overrides are gone before anybody sees them", async () => {
  const client = await TestClient.join(await newcomer());
  const { id } = await client.say(`\u0000\u202E${MARK}\u001B[31m\r\n\u2066cleaned\u0007 `);
  await watcher.waitFor("stored", (frame) => frame.upto >= id);
  expect(watcher.messages).toContain(`${MARK}[31m\ncleaned`);
  expect(await storedTexts()).toContain(`${MARK}[31m\ncleaned`);
});

test("a client_id said again is the same message, whatever its text; another user's is another", async () => {
  const [ann, bob] = [await TestClient.join(await newcomer()), await TestClient.join(await newcomer())];
  const clientId = randomUUID();
  const first = await ann.say(`${MARK} once`, clientId);
  const others = await bob.say(`${MARK} of bob`, clientId);
  for (const text of [`${MARK} once`, `${MARK} another text`])
    ann.send({ type: "message", client_id: clientId.toUpperCase(), message: text });
  const isRepetition = (frame: AnyServerFrame) => frame.type === "ack" && frame.duplicate === true;
  await ann.waitForAny((frame) => ann.frames.filter(isRepetition).length === 2 && isRepetition(frame));
  expect(ann.frames.filter(isRepetition)).toEqual(
    [1, 2].map(() => ({ type: "ack", client_id: clientId.toUpperCase(), id: first.id, duplicate: true })),
  );
  expect(others.id).not.toBe(first.id);
  const last = await bob.say(`${MARK} last`);
  await watcher.waitFor("stored", (frame) => frame.upto >= last.id);
  expect(watcher.messages.slice(-3)).toEqual([`${MARK} once`, `${MARK} of bob`, `${MARK} last`]);
});

test("a like of what is no id, or is nowhere here, is refused and leaves nothing", async () => {
  const elsewhere = await TestClient.join(await cluster.clientOptions((await cluster.session()).id, { userId: 2 }));
  const { id: otherRooms } = await elsewhere.say(`${MARK} elsewhere`);
  const client = await TestClient.join(await newcomer());
  const nowhere = 64 * 64 * 1_000 + (sessionId % 64);
  for (const id of [nowhere, otherRooms]) {
    const before = client.frames.length;
    client.send({ type: "like", message_id: id });
    const answer = await client.waitForAny((frame) => frame.type === "error" && client.frames.indexOf(frame) >= before);
    expect(answer).toEqual({ type: "error", code: "not_found", message: ERRORS.not_found.message, message_id: id });
  }
  for (const id of ['"7"', "1.5", "-1", "0", "9007199254740993"]) {
    const other = await TestClient.join(await newcomer());
    other.send(`{"type":"like","message_id":${id}}`);
    expect(await other.waitFor("error")).toEqual({ type: "error", code: "bad_id", message: ERRORS.bad_id.message });
    await other.close();
  }
  expect(await likeKeys()).toEqual([]);
  expect(await cluster.database.db.selectFrom("live_chat_likes").selectAll().execute()).toEqual([]);
});

test("of fifty likes by one user one counts, the others are told so", async () => {
  const options = await newcomer();
  const clients = [await TestClient.join(options), await TestClient.join(options)];
  const { id } = await (await TestClient.join(await newcomer())).say(`${MARK} likeable`);
  for (const client of clients) for (let i = 0; i < 25; i++) client.send({ type: "like", message_id: id });
  await watcher.waitFor("counts", (frame) => frame.likes?.[id] === 1);
  const repeated = () => clients.flatMap((client) => client.frames.filter((frame) => frame.type === "error"));
  await clients[0]?.waitForAny(() => repeated().length >= 24);
  await expect.poll(repeated, SOON).toHaveLength(49);
  expect(new Set(repeated().map((frame) => JSON.stringify(frame)))).toEqual(
    new Set([JSON.stringify({ type: "error", code: "already_liked", message: ERRORS.already_liked.message, message_id: id })]),
  );
  const counts = watcher.frames
    .flatMap((frame) => (frame.type === "counts" ? [frame.likes?.[id]] : []))
    .filter((likes) => likes !== undefined);
  expect(counts).toEqual([1]);
});

test("a position out of reach is answered with a beginning anew", async () => {
  const client = await TestClient.join(await newcomer());
  const { epoch, upto } = await client.waitFor("welcome");
  const places = [
    { epoch, id: upto + 1_000_000 },
    { epoch, id: upto - 1 },
    { epoch: "another", id: upto },
    { epoch, id: -1 },
    { epoch, id: "7" },
  ];
  for (const since of places) {
    const other = await TestClient.join(await newcomer());
    other.send({ type: "resume", since });
    expect(await other.waitFor("reset")).toMatchObject({ epoch, upto });
    const late = await TestClient.open(await newcomer());
    late.send({ type: "hello", since });
    expect(await late.waitFor("welcome")).toMatchObject({ epoch, upto, recovered: false });
    await Promise.all([other.close(), late.close()]);
  }
});

test("of twenty resumes in a row three are served", async () => {
  const client = await TestClient.join(await newcomer());
  const { epoch, upto } = await client.waitFor("welcome");
  for (let i = 0; i < 20; i++) client.send({ type: "resume", since: { epoch, id: upto } });
  client.send({ type: "ping" });
  await client.waitFor("pong");
  const limited = client.frames.filter((frame) => frame.type === "error");
  expect(limited).toHaveLength(17);
  expect(limited[0]).toMatchObject({ code: "rate_limited", retry_after_ms: expect.any(Number) });
});

test("the gateway took no harm", () => witness.expectUnharmed());
