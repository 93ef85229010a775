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
  const partitions = [...new Set(rooms.map(partitionOfRoom))];
  const pipeline = redis.pipeline().time();
  for (const partition of partitions) pipeline.hmget(keys.clock(partition), "epoch", "stored");
  for (const room of rooms) pipeline.hmget(keys.room(room), "upto", "version");
  const [time = [], ...results] = ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error) throw error;
    return asArray(value);
  });
  const clocks = new Map(partitions.map((partition, i) => [partition, results[i] ?? []]));
  const tips = rooms.map((room, i): Tip | undefined => {
    const [epoch, stored] = clocks.get(partitionOfRoom(room)) ?? [];
    const [upto, version] = results[partitions.length + i] ?? [];
    if (typeof upto !== "string" || typeof epoch !== "string") return undefined;
    return { epoch, stored: Number(stored ?? 0), upto: Number(upto), policyVersion: Number(version ?? 0) };
  });
  return { redisTimeMs: asNumber(time[0]) * 1_000 + Math.floor(asNumber(time[1]) / 1_000), tips };
}
