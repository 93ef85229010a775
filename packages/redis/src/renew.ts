/** Conversations leave Redis an hour after the last of them was stored; those with listeners stay. */
import { type RoomName, roomKind } from "@drawchat/protocol/ids";
import { type KeyCommand, tryCommands } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";

const IDLE_MS = 3_600_000;

/** Gives the conversations among these rooms another hour. Keys without an end keep none: something of them is not stored. */
export async function renewRooms(redis: RedisClient, rooms: readonly RoomName[]): Promise<void> {
  const conversations = rooms.filter((room) => roomKind(room) !== "session");
  await tryCommands(
    redis,
    conversations.flatMap((room) => keys.ofConversation(room).map((key): KeyCommand => ["pexpire", key, IDLE_MS, "XX"])),
  );
}
