/** Changing a session's policy in Redis, after the change was committed to Postgres under a higher version. */
import type { RoomName } from "@drawchat/protocol/ids";
import { type KeyCommand, publishCommand, tryCommands } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { isLikeTarget, type SessionPolicy } from "./room-state.ts";
import { asText, defineScript } from "./script.ts";

const script = defineScript(new URL("./policy.lua", import.meta.url));
const ROOM_KEPT_MS = 24 * 3_600_000;

export type PolicyApplied = "applied" | "older" | "unknown";

/**
 * Harmless to repeat. `unknown`: the room is not in Redis; it will be restored with the committed policy. Where the
 * room's end moved, everything of the room expires with the new one.
 */
export async function applyPolicy(redis: RedisClient, room: RoomName, policy: SessionPolicy): Promise<PolicyApplied> {
  const keptUntilMs = policy.closesMs + ROOM_KEPT_MS;
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
        keys.shown(room),
        keys.likes(room),
        keys.liked(room, "s"),
      ],
      [
        policy.version,
        policy.state,
        policy.opensMs,
        policy.closesMs,
        policy.drawMs,
        keptUntilMs,
        publishCommand(redis),
        room,
        policy.winners.join(" "),
      ],
    ),
  );
  if (reply === "moved") {
    await keepLikers(redis, room, keptUntilMs);
    return "applied";
  }
  if (reply === "applied" || reply === "older" || reply === "unknown") return reply;
  throw new TypeError(`policy answered ${reply}`);
}

/**
 * The sets of who liked which message: there are as many as messages that were liked, so they follow outside of the
 * script. Where this fails they go early: they are a filter, Postgres refuses a second like all the same.
 */
async function keepLikers(redis: RedisClient, room: RoomName, keptUntilMs: number): Promise<void> {
  const targets = new Set((await redis.hkeys(keys.likes(room))).map((field) => field.slice(0, field.indexOf(":"))));
  await tryCommands(
    redis,
    [...targets].filter(isLikeTarget).map((target): KeyCommand => ["pexpireat", keys.liked(room, target), keptUntilMs]),
  );
}
