/** The cheapest look at a room: what a status shows, and whether anything was accepted since the last look. */
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { isSessionState, type RoomWindow } from "./room-state.ts";
import { asArray, asNumber, asText, defineScript } from "./script.ts";
import { VIEWERS_STALE_MS } from "./viewers.ts";

const script = defineScript(new URL("./glance.lua", import.meta.url));

export interface Glance {
  readonly redisTimeMs: number;
  /** Another one after every message, edit, deletion and like that was accepted in the room's partition, or after a loss. */
  readonly version: string;
  /** Undefined where Redis does not know the room. */
  readonly room: RoomGlance | undefined;
}

export interface RoomGlance {
  readonly policy: RoomWindow;
  /** Stored and pending together; undefined where Redis counts none. */
  readonly totalLikes: number | undefined;
  readonly viewers: number;
}

/** Reads no history and no other likes than the session's: some 20 µs of Redis, whatever the room holds. Rejects where Redis is away. */
export async function readGlance(redis: RedisClient, room: RoomName): Promise<Glance> {
  const roomKeys = [keys.clock(partitionOfRoom(room)), keys.room(room), keys.likes(room), keys.viewers(room)];
  const [time, epoch, last, fields, likes, viewers] = asArray(await script.run(redis, roomKeys, [VIEWERS_STALE_MS]));
  const policy = policyOf(asArray(fields));
  return {
    redisTimeMs: asNumber(time),
    version: `${asText(epoch)} ${asText(last)}`,
    room: policy && { policy, totalLikes: totalOf(asArray(likes)), viewers: asNumber(viewers) },
  };
}

function policyOf([state, opens, closes, draw, version]: readonly unknown[]): RoomWindow | undefined {
  const known = state === null ? "" : asText(state);
  if (!isSessionState(known)) return undefined;
  return { state: known, opensMs: asNumber(opens), closesMs: asNumber(closes), drawMs: asNumber(draw), version: asNumber(version) };
}

function totalOf(counts: readonly unknown[]): number | undefined {
  const known = counts.filter((count) => count !== null);
  return known.length === 0 ? undefined : known.reduce<number>((sum, count) => sum + asNumber(count), 0);
}
