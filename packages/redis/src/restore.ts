/** Bringing a room back into Redis from the record (Postgres) and the log. Run by the api, which alone reads both. */
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import { publishCommand } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys, type LikeTarget } from "./keys.ts";
import { encodePublication, type RawEvent } from "./publication.ts";
import type { ConversationPolicy, RoomPolicy } from "./room-state.ts";
import { asText, defineScript, type ScriptArgument } from "./script.ts";

const script = defineScript(new URL("./restore.lua", import.meta.url));

const ROOM_KEPT_MS = 24 * 3_600_000;
const PUBLICATION_MAX_BYTES = 16_384;

export interface RoomSnapshot {
  room: RoomName;
  policy: RoomPolicy;
  /** The row's last_event_id, or the last event in the log if that is higher. */
  upto: number;
  /** The conversation's last message, deleted or not; 0 (default): none. */
  lastMessageId?: number;
  /** The last events, oldest first, from Postgres and the log merged by id. */
  events: readonly RawEvent[];
  /** The id of the event before the first of `events`; 0 where there is none. */
  after: number;
  /** Committed counts (the columns), and those of like records still in the log. */
  likes: ReadonlyMap<LikeTarget, { stored: number; pending: number }>;
  /** Stream id of the log's first entry when it was read; empty for an empty log. */
  logFirstEntry: string;
}

export type Restored = "restored" | "present" | "moved";

/** `moved`: the log changed since it was read, read everything again. `force` rebuilds a room that is there and resets its gateways. */
export async function restoreRoom(redis: RedisClient, snapshot: RoomSnapshot, { force = false } = {}): Promise<Restored> {
  const { room, policy, upto, logFirstEntry } = snapshot;
  const partition = partitionOfRoom(room);
  const history = historyEntries(snapshot);
  const seen = snapshot.events.filter((event) => event.kind === "m");
  const reply = asText(
    await script.run(
      redis,
      [
        keys.clock(partition),
        keys.log(partition),
        keys.room(room),
        keys.history(room),
        keys.seen(room, 0),
        keys.seen(room, 1),
        keys.likes(room),
        keys.rate(room),
        keys.channel(room),
        ...(policy.kind === "conversation" ? [keys.members(room)] : []),
      ],
      [
        force ? 1 : 0,
        newEpoch(),
        logFirstEntry,
        publishCommand(redis),
        room,
        upto,
        ...windowArgs(policy),
        `${history.length} ${seen.length} ${snapshot.likes.size * 2} ${policy.kind === "conversation" ? policy.members.size : 0}`,
        policy.kind === "session" ? policy.winners.join(" ") : "",
        policy.kind === "conversation" && policy.isBotOn ? 1 : 0,
        snapshot.lastMessageId ?? 0,
        ...history.flatMap((entry): ScriptArgument[] => [entry.upto, entry.bytes, entry.events]),
        ...seen.flatMap((event): ScriptArgument[] => [`${event.userId}:${event.clientId}`, event.id]),
        ...[...snapshot.likes].flatMap(([target, { stored, pending }]): ScriptArgument[] => [
          `${target}:stored`,
          stored,
          `${target}:pending`,
          pending,
        ]),
        ...(policy.kind === "conversation" ? memberArgs(policy) : []),
      ],
    ),
  );
  if (reply === "restored" || reply === "present" || reply === "moved") return reply;
  throw new TypeError(`restore answered ${reply}`);
}

/** State, opens, closes, draw, version, kept until. A conversation has no window and no end. */
function windowArgs(policy: RoomPolicy): ScriptArgument[] {
  if (policy.kind === "conversation") return ["open", 0, "", 0, policy.version, ""];
  const { state, opensMs, closesMs, drawMs, version } = policy;
  return [state, opensMs, closesMs, drawMs, version, closesMs + ROOM_KEPT_MS];
}

/** Pairs of user and `role read_upto`, as the members hash holds them. */
export function memberArgs({ members }: Pick<ConversationPolicy, "members">): ScriptArgument[] {
  return [...members].flatMap(([userId, { role, readUpto }]) => [userId, `${role} ${readUpto}`]);
}

/** An epoch names one memory of Redis: the time it began, and chance against two at once. */
function newEpoch(): string {
  return `${Date.now()}-${crypto.randomUUID().slice(0, 8)}`;
}

interface HistoryEntry {
  upto: number;
  bytes: Buffer;
  events: number;
}

/** The events as a chain of publications of at most 16 KB; the last one ends at the room's `upto`. */
function historyEntries({ room, events, after, upto }: RoomSnapshot): HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  let previous = after;
  let group: RawEvent[] = [];
  let bytes = 0;
  const close = (end: number) => {
    entries.push({ upto: end, bytes: encodePublication(room, previous, end, group), events: group.length });
    previous = end;
    group = [];
    bytes = 0;
  };
  for (const event of events) {
    const last = group.at(-1);
    if (last !== undefined && bytes + event.body.length > PUBLICATION_MAX_BYTES) close(last.id);
    group.push(event);
    bytes += Buffer.byteLength(event.body);
  }
  const last = group.at(-1);
  if (last !== undefined) close(Math.max(last.id, upto));
  return entries;
}
