/** Changing a room's policy in Redis, after the change was committed to Postgres under a higher version. */
import type { RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import type { RoomPolicy } from "./room-state.ts";
import { asText, defineScript } from "./script.ts";

const script = defineScript(new URL("./policy.lua", import.meta.url));
const ROOM_KEPT_MS = 24 * 3_600_000;

export type PolicyApplied = "applied" | "older" | "unknown";

/** Harmless to repeat. `unknown`: the room is not in Redis; it will be restored with the committed policy. */
export async function applyPolicy(redis: RedisClient, room: RoomName, policy: RoomPolicy): Promise<PolicyApplied> {
  const reply = asText(
    await script.run(
      redis,
      [
        keys.room(room),
        keys.channel(room),
        keys.history(room),
        keys.seen(room, 0),
        keys.seen(room, 1),
        keys.rate(room),
        keys.likes(room),
        keys.liked(room, "s"),
      ],
      [policy.version, policy.state, policy.opensMs, policy.closesMs, policy.drawMs, policy.closesMs + ROOM_KEPT_MS, "PUBLISH", room],
    ),
  );
  if (reply === "applied" || reply === "older" || reply === "unknown") return reply;
  throw new TypeError(`policy answered ${reply}`);
}
