/** Live viewers of a room over all gateways: each gateway owns one field, which goes stale when it falls silent. */
import type { RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { asNumber, defineScript } from "./script.ts";

const script = defineScript(new URL("./viewers.lua", import.meta.url));

/** A gateway that did not beat for this long no longer counts. */
export const VIEWERS_STALE_MS = 12_000;

/** Writes this gateway's count of a room (0 leaves) and answers the sum over all gateways. */
export async function beatViewers(redis: RedisClient, room: RoomName, gatewayId: string, count: number): Promise<number> {
  return asNumber(await script.run(redis, [keys.viewers(room), keys.channel(room)], [gatewayId, count, VIEWERS_STALE_MS, "PUBLISH", room]));
}
