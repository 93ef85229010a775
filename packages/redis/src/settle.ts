/** Removes committed entries from a partition's log: see settle.lua. */
import type { RoomName } from "@drawchat/protocol/ids";
import { publishCommand } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys, type LikeTarget } from "./keys.ts";
import type { LogEntry } from "./log.ts";
import { encodeControl } from "./publication.ts";
import { asArray, asNumber, asText, defineScript, type ScriptArgument } from "./script.ts";

const script = defineScript(new URL("./settle.lua", import.meta.url));

export interface Rejection {
  readonly userId: number;
  readonly clientId: string;
  readonly code: string;
}

/** What a room hears when entries that touched it are settled. */
export interface RoomSettlement {
  readonly rejected: readonly Rejection[];
  /** The likes columns as committed, by target. */
  readonly columns: ReadonlyMap<LikeTarget, number>;
}

export interface Settlement {
  readonly partition: number;
  readonly entries: readonly Pick<LogEntry, "streamId" | "nonce">[];
  /** Every room that the entries touch. */
  readonly rooms: ReadonlyMap<RoomName, RoomSettlement>;
}

/** `gone`: not there any more. `replaced`: there under another nonce, thus another entry; it stays. */
export type EntryStatus = "removed" | "gone" | "replaced";

export interface Settled {
  /** The partition's watermark after it. */
  readonly stored: number;
  readonly entriesLeft: number;
  /** In the order of the entries. */
  readonly statuses: readonly EntryStatus[];
}

/** Safe to repeat: after a time-out it is unknown whether it ran. */
export async function settle(redis: RedisClient, { partition, entries, rooms }: Settlement): Promise<Settled> {
  const keyNames = [keys.clock(partition), keys.log(partition)];
  const args: ScriptArgument[] = [publishCommand(redis), entries.length, rooms.size];
  for (const { streamId, nonce } of entries) args.push(streamId, nonce);
  for (const [room, { rejected, columns }] of rooms) {
    keyNames.push(keys.room(room), keys.likes(room), keys.channel(room));
    keyNames.push(keys.history(room), keys.seen(room, 0), keys.seen(room, 1), keys.rate(room), keys.members(room));
    args.push(room, rejected.length, columns.size);
    for (const { userId, clientId, code } of rejected) {
      args.push(encodeControl(room, { type: "rejected", user_id: userId, client_id: clientId, code }));
    }
    for (const [target, column] of columns) args.push(target, column);
  }
  const [stored, entriesLeft, ...statuses] = asArray(await script.run(redis, keyNames, args));
  return { stored: asNumber(stored), entriesLeft: asNumber(entriesLeft), statuses: statuses.map(statusOf) };
}

function statusOf(reply: unknown): EntryStatus {
  const digit = asText(reply);
  if (digit === "1") return "removed";
  return digit === "0" ? "gone" : "replaced";
}
