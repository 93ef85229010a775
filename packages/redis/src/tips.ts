/** Where rooms stand, read in one round trip: the check that finds what pub/sub lost. */
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { asArray, asNumber } from "./script.ts";

export interface Tip {
  epoch: string;
  stored: number;
  upto: number;
  policyVersion: number;
}

/** A tip a room, undefined where Redis does not know the room; and Redis's time in Unix ms. Rejects where Redis is away. */
export async function readTips(
  redis: RedisClient,
  rooms: readonly RoomName[],
): Promise<{ redisTimeMs: number; tips: (Tip | undefined)[] }> {
  const pipeline = redis.pipeline().time();
  for (const room of rooms) {
    pipeline.hmget(keys.clock(partitionOfRoom(room)), "epoch", "stored").hmget(keys.room(room), "upto", "version");
  }
  const results = ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error) throw error;
    return asArray(value);
  });
  const time = results[0] ?? [];
  const tips = rooms.map((_, i): Tip | undefined => {
    const [epoch, stored] = results[1 + i * 2] ?? [];
    const [upto, version] = results[2 + i * 2] ?? [];
    if (typeof upto !== "string" || typeof epoch !== "string") return undefined;
    return { epoch, stored: Number(stored ?? 0), upto: Number(upto), policyVersion: Number(version ?? 0) };
  });
  return { redisTimeMs: asNumber(time[0]) * 1_000 + Math.floor(asNumber(time[1]) / 1_000), tips };
}
