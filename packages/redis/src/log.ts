/**
 * The log of a partition: what is accepted and not yet in Postgres. It is read from its start every time, since
 * everything stored has been removed: no position is kept, so there is none to be wrong after a crash, a failed batch
 * or a flush.
 */
import { isRoomName, PARTITIONS, parseId, type RoomName } from "@drawchat/protocol/ids";
import { sleep } from "@drawchat/runtime/backoff";
import { Cluster, type Redis } from "ioredis";
import { type KeyCommand, throwIfNoneWorked, tryCommands } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys, type LikeTarget } from "./keys.ts";
import { decodePublication } from "./publication.ts";

export interface LogEvent {
  readonly id: number;
  readonly room: RoomName;
  readonly kind: string;
  readonly flags: number;
  readonly userId: number;
  readonly clientId: string;
  readonly body: Buffer;
}

export interface LogLike {
  readonly id: number;
  readonly room: RoomName;
  readonly target: LikeTarget;
  readonly userId: number;
}

/** A participant has read everything of the conversation up to an event. */
export interface LogRead {
  readonly id: number;
  readonly room: RoomName;
  readonly userId: number;
  readonly upto: number;
}

/** One accepted group. */
export interface LogEntry {
  /** The stream id, `<first event id>-0`. */
  readonly streamId: string;
  readonly firstId: number;
  /** Drawn by the call that made the entry: the same stream id under another nonce is another entry. */
  readonly nonce: string;
  readonly rooms: readonly RoomName[];
  readonly events: readonly LogEvent[];
  readonly likes: readonly LogLike[];
  readonly reads: readonly LogRead[];
  /** Fields that could not be read, as they stand. */
  readonly unreadable: readonly { bytes: Buffer; error: string }[];
}

/** Of the first page; the next ones are as long as the entries read so far suggest. */
const PAGE_ENTRIES = 10;
const PAGE_MAX_ENTRIES = 50;

/** Events, likes and read marks of an entry; an empty or unreadable one counts too. */
export function rowsOf(entry: LogEntry): number {
  return Math.max(1, entry.events.length + entry.likes.length + entry.reads.length);
}

/** The oldest entries, in order, as many as hold at most `maxRows` rows together; the first one always. */
export async function readLog(redis: RedisClient, partition: number, maxRows: number): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  let rows = 0;
  let from = "-";
  let pageEntries = PAGE_ENTRIES;
  for (;;) {
    const page = await redis.xrangeBuffer(keys.log(partition), from, "+", "COUNT", pageEntries);
    for (const [streamId, fields] of page) {
      const entry = decodeEntry(streamId.toString("latin1"), fields);
      rows += rowsOf(entry);
      if (entries.length > 0 && rows > maxRows) return entries;
      entries.push(entry);
    }
    const last = entries.at(-1);
    if (page.length < pageEntries || last === undefined || rows >= maxRows) return entries;
    from = `(${last.streamId}`;
    // What does not fit into the batch would be read for nothing; one more, so that the last page is not read twice.
    pageEntries = Math.min(PAGE_MAX_ENTRIES, 1 + Math.ceil(((maxRows - rows) * entries.length) / rows));
  }
}

/** How much waits to be stored, and the oldest of it (undefined where nothing does). */
export async function measureLog(redis: RedisClient, partition: number): Promise<{ entries: number; oldestId: number | undefined }> {
  const entries = await redis.xlen(keys.log(partition));
  if (entries === 0) return { entries, oldestId: undefined };
  const [oldest] = await redis.xrange(keys.log(partition), "-", "+", "COUNT", 1);
  return { entries, oldestId: oldest && Number(oldest[0].split("-")[0]) };
}

/** Never throws: what cannot be read is said to be so, and must not stop the partition. */
export function decodeEntry(streamId: string, fields: readonly Buffer[]): LogEntry {
  const rooms = new Set<RoomName>();
  const events: LogEvent[] = [];
  const likes: LogLike[] = [];
  const reads: LogRead[] = [];
  const unreadable: { bytes: Buffer; error: string }[] = [];
  let nonce = "";
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i]?.toString("latin1");
    const bytes = fields[i + 1] ?? Buffer.alloc(0);
    try {
      if (name === "nonce") nonce = bytes.toString("latin1");
      else if (name === "pub") events.push(...decodeEvents(bytes));
      else if (name === "likes") likes.push(...decodeLikes(bytes));
      else if (name === "reads") reads.push(...decodeReads(bytes));
      else throw new Error("unknown field");
    } catch (error) {
      unreadable.push({ bytes, error: error instanceof Error ? error.message : String(error) });
    }
  }
  for (const { room } of [...events, ...likes, ...reads]) rooms.add(room);
  return { streamId, firstId: Number(streamId.split("-")[0]), nonce, rooms: [...rooms], events, likes, reads, unreadable };
}

function decodeEvents(bytes: Buffer): LogEvent[] {
  const { room, events } = decodePublication(bytes);
  return events.map(({ id, kind, flags, userId, clientId, start, end }) => {
    if (!Number.isSafeInteger(id) || id <= 0) throw new Error("event id");
    return { id, room, kind, flags, userId, clientId, body: bytes.subarray(start, end) };
  });
}

/** A record is `<room>\n`, then a line each. */
function linesOf(bytes: Buffer): { room: RoomName; lines: string[][] } {
  const [room = "", ...lines] = bytes.toString("latin1").split("\n");
  if (!isRoomName(room)) throw new Error("room of a record");
  return { room, lines: lines.filter((line) => line !== "").map((line) => line.split(" ")) };
}

/** A line: `<id> <user_id> <upto>`. */
function decodeReads(bytes: Buffer): LogRead[] {
  const { room, lines } = linesOf(bytes);
  return lines.map(([idText = "", userText = "", uptoText = ""]) => {
    const [id, userId, upto] = [parseId(idText), parseId(userText), parseId(uptoText)];
    if (id === undefined || userId === undefined || upto === undefined) throw new Error("read record");
    return { id, room, userId, upto };
  });
}

/** A line: `<id> <target> <user_id>`. */
function decodeLikes(bytes: Buffer): LogLike[] {
  const { room, lines } = linesOf(bytes);
  return lines.map(([idText = "", targetText = "", userText = ""]) => {
    const [id, target, userId] = [parseId(idText), parseTarget(targetText), parseId(userText)];
    if (id === undefined || target === undefined || userId === undefined) throw new Error("like record");
    return { id, room, target, userId };
  });
}

function parseTarget(text: string): LikeTarget | undefined {
  if (text === "s") return "s";
  const id = parseId(text);
  return id === undefined ? undefined : `${id}`;
}

/**
 * Which of these logs hold anything: at once, or as soon as one does, or none after `blockMs`.
 * `redis` is a connection for blocking reads. A cluster has none that waits for several partitions: after `blockMs` their
 * lengths are read, so one small command a partition and `blockMs` is all it costs.
 */
export async function awaitEntries(redis: RedisClient, partitions: readonly number[], blockMs: number): Promise<number[]> {
  if (!(redis instanceof Cluster)) return blockingRead(redis, partitions, blockMs);
  await sleep(blockMs);
  const lengths = await tryCommands(
    redis,
    partitions.map((partition): KeyCommand => ["xlen", keys.log(partition)]),
  );
  throwIfNoneWorked(lengths);
  return partitions.filter((_, i) => Number(lengths[i]) > 0);
}

/** The partition that a log's key belongs to. */
const PARTITION_OF_LOG = new Map(Array.from({ length: PARTITIONS }, (_, partition) => [keys.log(partition), partition]));

async function blockingRead(redis: Redis, partitions: readonly number[], blockMs: number): Promise<number[]> {
  const logs = partitions.map((partition) => keys.log(partition));
  const fromStart = partitions.map(() => "0");
  const reply = await redis.xread("COUNT", 1, "BLOCK", blockMs, "STREAMS", ...logs, ...fromStart);
  return (reply ?? []).flatMap(([log]) => PARTITION_OF_LOG.get(log) ?? []);
}
