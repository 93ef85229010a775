import { commandClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { leavePresence, writePresence } from "@drawchat/redis/presence";
import { createLog } from "@drawchat/runtime/log";
import { addUsers } from "@drawchat/testkit/conversations";
import { testDatabase } from "@drawchat/testkit/postgres";
import { testRedis } from "@drawchat/testkit/redis";
import { afterAll, expect, test } from "vitest";
import { LastSeen } from "./last-seen.ts";

const log = createLog("test", "silent");
const { db, pool } = await testDatabase();
const redis = commandClient((await testRedis()).url, "test", log);
await redis.connect();
afterAll(() => redis.disconnect());

const seen = async () => (await db.selectFrom("users").select("last_seen_at").orderBy("id").execute()).map((row) => row.last_seen_at);

test("who has left is last seen in Postgres, never earlier than before, and Redis forgets it", async () => {
  await addUsers(db, [{ userId: 1 }, { userId: 2 }, { userId: 3 }]);
  const tomorrow = new Date(Date.now() + 86_400_000);
  await db.updateTable("users").set({ last_seen_at: tomorrow }).where("id", "=", 2).execute();
  const users = [1, 2, 4].map((id) => [id, "online"] as const); // 4 has no row
  await writePresence(redis, "gateway-1", { follows: undefined, users });
  await leavePresence(redis, "gateway-1");
  const before = Date.now();
  const lastSeen = new LastSeen({ pool, redis, log });
  lastSeen.start();
  await expect.poll(() => redis.exists(keys.presenceSeen), { timeout: 10_000 }).toBe(0);
  await lastSeen.stop();
  const [one, two, three] = await seen();
  expect(Math.abs((one?.getTime() ?? 0) - before)).toBeLessThan(60_000);
  expect([two, three]).toEqual([tomorrow, null]);
});
