/** Where rooms stand, read in one round trip: the check that finds what pub/sub lost. */
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import { type KeyCommand, throwIfNoneWorked, tryCommands } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { asArray } from "./script.ts";
import { redisNowMs } from "./time.ts";

export interface Tip {
  epoch: string;
  stored: number;
  upto: number;
  policyVersion: number;
}

/**
 * A tip a room, `unknown` where Redis does not know the room, `away` where its node does not answer; and Redis's time in
 * Unix ms. Rejects where Redis is away altogether.
 */
export async function readTips(
  redis: RedisClient,
  rooms: readonly RoomName[],
): Promise<{ redisTimeMs: number; tips: (Tip | "unknown" | "away")[] }> {
  const partitions = [...new Set(rooms.map(partitionOfRoom))];
  const [redisTimeMs, replies] = await Promise.all([
    redisNowMs(redis),
    tryCommands(redis, [
      ...partitions.map((partition): KeyCommand => ["hmget", keys.clock(partition), "epoch", "stored"]),
      ...rooms.map((room): KeyCommand => ["hmget", keys.room(room), "upto", "version"]),
    ]),
  ]);
  throwIfNoneWorked(replies);
  const clocks = new Map(partitions.map((partition, i) => [partition, replies[i]]));
  const tips = rooms.map((room, i) => tipOf(clocks.get(partitionOfRoom(room)), replies[partitions.length + i]));
  return { redisTimeMs, tips };
}

function tipOf(clock: unknown, room: unknown): Tip | "unknown" | "away" {
  if (clock instanceof Error || room instanceof Error) return "away";
  const [epoch, stored] = asArray(clock);
  const [upto, version] = asArray(room);
  if (typeof upto !== "string" || typeof epoch !== "string") return "unknown";
  return { epoch, stored: Number(stored ?? 0), upto: Number(upto), policyVersion: Number(version ?? 0) };
}
