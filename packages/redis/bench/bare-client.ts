/**
 * The practical limit of `accept`: the script called in groups of a fixed size, with nothing around it. All submissions
 * are of one room and one kind, so keys and the arguments before them are the same in every call; nobody waits for an answer
 * of their own.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import { roomKeys } from "../src/accept-call.ts";
import type { RedisClient } from "../src/connect.ts";
import { keys } from "../src/keys.ts";
import { asArray, asText } from "../src/script.ts";
import { type Line, nextLine } from "./lines.ts";

export interface BareOptions {
  redis: RedisClient;
  room: RoomName;
  messagesPerMinute: number;
  groupSize: number;
}

/** As the Acceptor has them by default: entries and bytes of the log, entries of a dedupe hash. */
const CAPS = [200_000, 268_435_456, 2_000_000] as const;

/** Resolves with a function that makes one call and answers how many submissions it had accepted. */
export async function bareClient({ redis, room, messagesPerMinute, groupSize }: BareOptions): Promise<() => Promise<number>> {
  const source = await readFile(new URL("../src/accept.lua", import.meta.url), "utf8");
  const sha = asText(await redis.call("SCRIPT", "LOAD", source));
  const partition = partitionOfRoom(room);
  const keyNames = [keys.clock(partition), keys.log(partition), ...roomKeys(room)];
  return async () => {
    const nonce = randomBytes(12).toString("base64url");
    const args: (string | number)[] = [partition, nonce, 0, "PUBLISH", ...CAPS, 1, groupSize, room, messagesPerMinute, 0];
    for (let n = 0; n < groupSize; n += 1) pushLine(args, nextLine());
    const reply = asArray(await redis.callBuffer("EVALSHA", sha, keyNames.length, ...keyNames, ...args));
    let accepted = 0;
    for (let n = 3; n < reply.length; n += 1) if (asText(reply[n]).startsWith("a ")) accepted += 1;
    return accepted;
  };
}

function pushLine(args: (string | number)[], { userId, clientId, parts: [head, middle, tail] }: Line): void {
  args.push(1, "m", 0, 0, 0, userId, clientId, head, middle, tail, "");
}
