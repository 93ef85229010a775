/** Rebuilding a room that is being written to: nothing is lost, doubled or counted twice. */
import { sessionRoom } from "@drawchat/protocol/ids";
import { Acceptor } from "@drawchat/redis/accept";
import { commandClient } from "@drawchat/redis/connect";
import { readHistoryPage, readLikes } from "@drawchat/redis/history-page";
import { createLog } from "@drawchat/runtime/log";
import { startCluster } from "@drawchat/testkit/cluster";
import { afterAll, expect, test } from "vitest";
import { post } from "./test-api.ts";

const cluster = await startCluster({ gateways: 0 });
afterAll(() => cluster.stop());
const log = createLog("test", "error");
const redis = commandClient(cluster.redis.url, "test", log);
await redis.connect();
afterAll(() => redis.disconnect());

test("a busy room can be rebuilt, and its history and likes are whole afterwards", async () => {
  const { id } = await cluster.session();
  const room = sessionRoom(id);
  const call = (what: string) => fetch(`${cluster.privateUrl("api-1")}/internal/rooms/${room}/${what}`, { method: "POST" });
  expect((await call("restore")).status).toBe(204);
  const acceptor = new Acceptor({ redis, log, limits: { session: 0, conversation: 0 }, restoreRoom: async () => "unavailable" });
  const ids: number[] = [];
  let rebuilding = true;
  const writing = (async () => {
    for (let user = 1; rebuilding; user += 1) {
      ids.push(...(await post(acceptor, id, ["a", "b"], user)));
      await acceptor.like({ room, target: "s", userId: user });
    }
  })();
  const answers: number[] = [];
  for (let i = 0; i < 10; i += 1) answers.push((await call("rebuild")).status);
  rebuilding = false;
  await writing;
  expect(answers).toEqual(answers.map(() => 204));

  const { events } = await readHistoryPage(redis, room, {});
  expect(events.map((event) => event.id)).toEqual(ids.slice(-events.length));
  const { db } = cluster.database;
  const row = () => db.selectFrom("live_chat_sessions").select("total_likes").where("id", "=", id).executeTakeFirstOrThrow();
  const likes = async () => ({ table: (await row()).total_likes, shown: (await readLikes(redis, room, ["s"])).get("s") });
  await expect.poll(likes, { timeout: 10_000 }).toEqual({ table: ids.length / 2, shown: ids.length / 2 });
});
