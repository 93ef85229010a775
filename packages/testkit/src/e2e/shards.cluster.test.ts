/** Eight rooms over a Redis Cluster of three nodes: slots move and a node dies while people write in all of them. */
import type { Sending } from "@drawchat/client/kept-outbox";
import { sessionRoom } from "@drawchat/protocol/ids";
import { keys } from "@drawchat/redis/keys";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../cluster.ts";
import { testRedisCluster } from "../redis.ts";
import { Viewer } from "./viewer.ts";

const ROOMS = 8;
const VIEWERS_A_ROOM = 3;
const GAP_MS = 260; // the SDK lets a socket have 40 in 10 s

const redis = await testRedisCluster();
let cluster: Cluster;
let rooms: { sessionId: number; slot: number; viewers: Viewer[] }[] = [];

beforeAll(async () => {
  const env = { LIVE_CHAT_MAX_MESSAGES_PER_USER_PER_MINUTE: "0" };
  cluster = await startCluster({ redis, gateways: 2, jobs: 1, env });
  rooms = await Promise.all(Array.from({ length: ROOMS }, openRoom));
});
afterAll(async () => {
  for (const viewer of rooms.flatMap((room) => room.viewers)) viewer.client.stop();
  await cluster?.stop();
});

/** Its viewers are on both gateways. */
async function openRoom() {
  const { id: sessionId } = await cluster.session();
  const join = (_: unknown, n: number) =>
    Viewer.join(cluster, { sessionId, userId: sessionId * 10 + n, via: n % 2 === 0 ? "gateway-1" : "gateway-2" });
  const viewers = await Promise.all(Array.from({ length: VIEWERS_A_ROOM }, join));
  return { sessionId, slot: await redis.slotOf(keys.channel(sessionRoom(sessionId))), viewers };
}

/** Everybody writes until `isOver`; resolves with what was said in each room once all of it is stored. */
async function chatter(isOver: () => boolean): Promise<string[][]> {
  const sayAll = async (viewer: Viewer) => {
    const said: { text: string; settled: Sending["settled"] }[] = [];
    while (!isOver()) {
      const text = `${viewer.userId}-${said.length}`;
      said.push({ text, settled: viewer.client.send(text).settled });
      await new Promise((resolve) => setTimeout(resolve, GAP_MS));
    }
    const ends = await Promise.all(said.map(({ settled }) => settled));
    expect(ends.filter((end) => end.status.state !== "stored")).toEqual([]);
    return said.map(({ text }) => text);
  };
  return Promise.all(rooms.map(async ({ viewers }) => (await Promise.all(viewers.map(sayAll))).flat()));
}

/** Further lines come in each of these rooms. */
async function goesOn(among: typeof rooms): Promise<void> {
  await Promise.all(
    among.flatMap(({ viewers }) =>
      viewers.map((viewer) => {
        const from = viewer.lines.length;
        return viewer.until("more lines", () => viewer.lines.length > from + 2);
      }),
    ),
  );
}

test("nothing is lost, doubled or disordered, and every room goes on", { timeout: 60_000 }, async () => {
  const owners = await Promise.all(rooms.map(({ slot }) => redis.ownerOf(slot)));
  expect(new Set(owners).size).toBe(redis.nodes.length);
  let isOver = false;
  const chat = chatter(() => isOver);
  await goesOn(rooms);
  for (const [i, { slot }] of rooms.entries()) await redis.moveSlot(slot, ((owners[i] ?? 0) + 1) % redis.nodes.length);
  await goesOn(rooms);

  await redis.nodes[0]?.kill();
  const [gone, left] = [rooms.filter((_, i) => owners[i] === redis.nodes.length - 1), rooms.filter((_, i) => owners[i] === 0)];
  expect([gone.length, left.length]).not.toContain(0);
  await goesOn(left);
  await redis.nodes[0]?.start();
  await goesOn(rooms);
  isOver = true;

  const said = await chat;
  for (const [i, { sessionId, viewers }] of rooms.entries()) {
    const table = cluster.database.db.selectFrom("live_chat_messages").select(["id", "message"]);
    const rows = await table.where("session_id", "=", sessionId).orderBy("id").execute();
    expect(new Set(rows.map((row) => row.message))).toEqual(new Set(said[i]));
    expect(rows).toHaveLength(said[i]?.length ?? 0);
    for (const viewer of viewers) {
      await viewer.until("all lines", () => viewer.lines.length >= rows.length);
      expect(viewer.lines.map((line) => line.id)).toEqual(rows.map((row) => row.id));
      expect([viewer.doubled, viewer.disordered, viewer.resets]).toEqual([[], [], 0]);
    }
  }
});
