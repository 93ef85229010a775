/** Live viewers of a room over all gateways: each gateway owns one field, which goes stale when it falls silent. */
import type { RoomName } from "@drawchat/protocol/ids";
import { type KeyCommand, publishCommand, runCommands } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { asNumber, defineScript } from "./script.ts";
import { redisNowMs } from "./time.ts";

const script = defineScript(new URL("./viewers.lua", import.meta.url));

/** A gateway that did not beat for this long no longer counts. */
export const VIEWERS_STALE_MS = 12_000;

/** Writes this gateway's count of a room (0 leaves) and answers the sum over all gateways. */
export async function beatViewers(redis: RedisClient, room: RoomName, gatewayId: string, count: number): Promise<number> {
  return asNumber(
    await script.run(
      redis,
      [keys.viewers(room), keys.channel(room), keys.room(room)],
      [gatewayId, count, VIEWERS_STALE_MS, publishCommand(redis), room],
    ),
  );
}

/** What Redis knows of a room's audience. */
export interface RoomBeats {
  /** When each gateway with viewers in it was last heard of, Unix ms. */
  readonly seenMs: ReadonlyMap<string, number>;
  /** The highest number of viewers shown at once; 0 where Redis does not know. */
  readonly peak: number;
}

/** Of each room, and the time of Redis (Unix ms), in one round trip. Rejects where Redis is away. */
export async function readBeats(
  redis: RedisClient,
  rooms: readonly RoomName[],
): Promise<{ redisTimeMs: number; beats: Map<RoomName, RoomBeats> }> {
  const [redisTimeMs, replies] = await Promise.all([
    redisNowMs(redis),
    runCommands(
      redis,
      rooms.flatMap((room): KeyCommand[] => [
        ["hgetall", keys.viewers(room)],
        ["hget", keys.room(room), "peak"],
      ]),
    ),
  ]);
  const beats = new Map<RoomName, RoomBeats>();
  rooms.forEach((room, i) => {
    const seenMs = new Map<string, number>();
    for (const [gateway, beat] of Object.entries(Object(replies[i * 2]))) {
      const seen = /^\d+:(\d+)$/.exec(String(beat))?.[1];
      if (seen !== undefined) seenMs.set(gateway, Number(seen));
    }
    beats.set(room, { seenMs, peak: Number(replies[i * 2 + 1] ?? 0) });
  });
  return { redisTimeMs, beats };
}
