/** What is promised under faults, counted over real processes with SDK clients. */

import type { Sending } from "@drawchat/client/kept-outbox";
import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";
import { flushAll } from "@drawchat/testkit/redis-nodes";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../cluster.ts";
import { Viewer } from "./viewer.ts";

const UNLIMITED = { LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0" };

let cluster: Cluster;
let viewers: Viewer[] = [];

beforeAll(async () => {
  cluster = await startCluster({ gateways: 2, writers: 2, edge: true, env: UNLIMITED, ownPostgres: true });
});
afterEach(() => {
  for (const viewer of viewers) viewer.client.stop();
  viewers = [];
});
afterAll(() => cluster.stop());

async function join(sessionId: number, count: number): Promise<Viewer[]> {
  viewers = await Promise.all(Array.from({ length: count }, (_, n) => Viewer.join(cluster, { sessionId, userId: n + 1 })));
  return viewers;
}

/**
 * Every sender sends texts at an even pace of its own while `goesOn`; resolves with the client_ids once all are stored.
 * The SDK lets a socket have 40 in 10 s: whoever sends faster than one in 250 ms waits in the end.
 */
async function chatter(
  senders: readonly Viewer[],
  gapMs: number,
  goesOn: (sent: number) => boolean,
): Promise<{ text: string; clientId: string }[]> {
  const sent: { text: string; clientId: string }[] = [];
  const settled: Sending["settled"][] = [];
  await Promise.all(
    senders.map(async (viewer) => {
      for (let n = 0; goesOn(n); n += 1) {
        const text = `${viewer.userId}-${n}`;
        const sending = viewer.client.send(text);
        sent.push({ text, clientId: sending.clientId });
        settled.push(sending.settled);
        await new Promise((resolve) => setTimeout(resolve, gapMs));
      }
    }),
  );
  const ends = await Promise.all(settled);
  expect(ends.filter((end) => end.status.state !== "stored")).toEqual([]);
  return sent;
}

async function storedRows(sessionId: number): Promise<{ id: number; message: string; client_id: string }[]> {
  return await cluster.database.db
    .selectFrom("live_chat_messages")
    .select(["id", "message", "client_id"])
    .where("session_id", "=", sessionId)
    .where("deleted_at", "is", null)
    .orderBy("id")
    .execute();
}

/** Every viewer shows exactly the table: each row once, in the table's order. */
async function expectScreensEqualTable(sessionId: number): Promise<void> {
  const rows = await storedRows(sessionId);
  const ids = rows.map((row) => row.id);
  await Promise.all(viewers.map((viewer) => viewer.until("all lines", () => viewer.lines.length >= ids.length)));
  for (const viewer of viewers) {
    expect(viewer.doubled).toEqual([]);
    expect(viewer.disordered).toEqual([]);
    expect(viewer.lines.map((line) => line.id)).toEqual(ids);
  }
}

async function flushRedis(): Promise<void> {
  const redis = commandClient(cluster.redis.url, "test", createLog("test", "silent"));
  await redis.connect();
  await flushAll(redis);
  redis.disconnect();
}

/** Each text sent is one row, and there is no other. */
function expectOnce(rows: readonly { message: string }[], sent: readonly { text: string }[]): void {
  expect(rows.map((row) => row.message).toSorted(byText)).toEqual(sent.map(({ text }) => text).toSorted(byText));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

test("a gateway killed under load costs nobody a line: its clients resume on the other", { timeout: 60_000 }, async () => {
  const { id } = await cluster.session();
  const all = await join(id, 8);
  const chat = chatter(all.slice(0, 6), 60, (n) => n < 30);
  await all[7]?.until("some lines", () => (all[7]?.lines.length ?? 0) > 40);
  await cluster.kill("gateway-1");
  const sent = await chat;
  const rows = await storedRows(id);
  expectOnce(rows, sent);
  expect(new Set(rows.map((row) => row.client_id)).size).toBe(sent.length);
  await expectScreensEqualTable(id);
  expect(viewers.map((viewer) => viewer.resets)).toEqual(viewers.map(() => 0));
  await cluster.restart("gateway-1");
});

test("a flush of Redis in mid-chat: ids go on rising, clients are told, nothing is missing and nothing is a ghost", {
  timeout: 90_000,
}, async () => {
  const { id } = await cluster.session();
  const all = await join(id, 17);
  const chat = chatter(all.slice(0, 16), 150, (n) => n < 20); // what was lost is sent again, and counts as sent twice
  await all[16]?.until("some lines", () => (all[16]?.lines.length ?? 0) > 100);
  const highestBefore = all[16]?.lines.at(-1)?.id ?? 0;
  await flushRedis();
  const sent = await chat;
  await Promise.all(all.map((viewer) => viewer.until("reset", () => viewer.resets > 0)));
  const rows = await storedRows(id);
  expectOnce(rows, sent);
  expect(rows.at(-1)?.id).toBeGreaterThan(highestBefore);
  // A reset shows the last 100: what is on the screens is the end of the table, each line once.
  const ids = rows.map((row) => row.id);
  for (const viewer of viewers) {
    await viewer.until("the last line", () => viewer.lines.at(-1)?.id === ids.at(-1));
    expect(viewer.doubled).toEqual([]);
    expect(viewer.lines.map((line) => line.id)).toEqual(ids.slice(ids.length - viewer.lines.length));
  }
});

test("every accepted message is one row, whatever dies behind it; likes agree on screen, in the column and in the count", {
  timeout: 120_000,
}, async () => {
  const { id } = await cluster.session();
  const all = await join(id, 20);
  let isOver = false;
  const chat = chatter(all, 250, () => !isOver);
  for (const writer of ["writer-1", "writer-2", "writer-1", "writer-2"] as const) {
    const seen = all[0]?.lines.length ?? 0;
    await all[0]?.until("more lines", () => (all[0]?.lines.length ?? 0) > seen + 100);
    await cluster.kill(writer);
    for (const viewer of all) viewer.client.like();
    const liked = all[0]?.lines.at(-1)?.id;
    for (const viewer of all) viewer.client.like(liked);
    if (writer === "writer-2") continue;
    await cluster.restart(writer);
  }
  await cluster.postgres.stop();
  const seen = all[0]?.lines.length ?? 0;
  await all[0]?.until("chat goes on without Postgres", () => (all[0]?.lines.length ?? 0) > seen + 20);
  await cluster.postgres.start();
  await cluster.restart("writer-2");
  isOver = true;
  const sent = await chat;
  const rows = await storedRows(id);
  expectOnce(rows, sent);
  await expectScreensEqualTable(id);
  await expectLikesAgree(id);
});

async function expectLikesAgree(sessionId: number): Promise<void> {
  const { db } = cluster.database;
  const session = await db.selectFrom("live_chat_sessions").select("total_likes").where("id", "=", sessionId).executeTakeFirstOrThrow();
  const counted = await db
    .selectFrom("live_chat_likes")
    .select((eb) => ["message_id", eb.fn.countAll<number>().as("n")])
    .where("session_id", "=", sessionId)
    .groupBy("message_id")
    .execute();
  const columns = await db
    .selectFrom("live_chat_messages")
    .select(["id", "likes"])
    .where("session_id", "=", sessionId)
    .where("likes", ">", 0)
    .execute();
  const byMessage = new Map(counted.map((row) => [row.message_id, Number(row.n)]));
  expect(session.total_likes).toBe(byMessage.get(null));
  expect(session.total_likes).toBe(viewers.length);
  byMessage.delete(null);
  expect(new Map(columns.map((row) => [row.id, row.likes]))).toEqual(byMessage);
  for (const viewer of viewers) {
    await viewer.until("the likes", () => viewer.totalLikes === session.total_likes);
    for (const { id, likes } of columns) await viewer.until("a message's likes", () => viewer.likes.get(id) === likes);
  }
}
