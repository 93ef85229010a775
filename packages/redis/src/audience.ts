/**
 * Who came to and left which room, from the gateways to Postgres: one stream a partition, beside the log and never in
 * its way. It may lose entries (it is trimmed by length): full lists make up for it, and each entry stands for itself.
 *
 * An entry's fields: `r` room, `g` gateway, and either `j` and `l`, the users that joined and left (in this order), or
 * `u`, the users with an id from `f` up to `t` who are there, and nobody else.
 */
import { isRoomName, parseId, partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import { type KeyCommand, throwIfNoneWorked, tryCommands } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { asArray, asText } from "./script.ts";

/** An entry holds at most so many users: some 34 KB. */
export const AUDIENCE_CHUNK_USERS = 2_000;
/** Entries kept a partition, roughly. */
const MAX_ENTRIES = 1_000;

export interface AudienceChanges {
  readonly kind: "changes";
  /** Before `left`: who is in both came and went. */
  readonly joined: readonly number[];
  readonly left: readonly number[];
}

export interface AudienceList {
  readonly kind: "list";
  readonly from: number;
  readonly to: number;
  /** Rising. */
  readonly users: readonly number[];
}

export interface AudienceReport {
  readonly room: RoomName;
  readonly gatewayId: string;
  readonly content: AudienceChanges | AudienceList;
}

export interface AudienceEntry {
  readonly partition: number;
  readonly streamId: string;
  /** When Redis took it, Unix ms. */
  readonly atMs: number;
  /** Undefined where it cannot be read. */
  readonly report: AudienceReport | undefined;
}

/** In parts of a bounded size; as one where it fits. */
export function chunkChanges(joined: readonly number[], left: readonly number[]): AudienceChanges[] {
  if (joined.length + left.length <= AUDIENCE_CHUNK_USERS) return [{ kind: "changes", joined, left }];
  return [
    ...chunks(joined).map((part): AudienceChanges => ({ kind: "changes", joined: part, left: [] })),
    ...chunks(left).map((part): AudienceChanges => ({ kind: "changes", joined: [], left: part })),
  ];
}

/** A full list in parts of a bounded size. Their ranges cover every id, so that each can close whom it does not name. */
export function chunkList(users: Iterable<number>): AudienceList[] {
  const parts = chunks([...users].sort((a, b) => a - b));
  if (parts.length === 0) parts.push([]);
  let from = 1;
  return parts.map((part, i): AudienceList => {
    const to = i === parts.length - 1 ? Number.MAX_SAFE_INTEGER : (part.at(-1) ?? from);
    const list: AudienceList = { kind: "list", from, to, users: part };
    from = to + 1;
    return list;
  });
}

function chunks(users: readonly number[]): number[][] {
  const parts: number[][] = [];
  for (let at = 0; at < users.length; at += AUDIENCE_CHUNK_USERS) parts.push(users.slice(at, at + AUDIENCE_CHUNK_USERS));
  return parts;
}

/**
 * A room's entries one after another, none behind one that failed: on a cluster, commands that go out together may come
 * to a slot on its way in another order. Answers why not, for each room whose entries were not all taken, or where that is
 * not known. Never rejects.
 */
export async function addAudience(redis: RedisClient, reports: readonly AudienceReport[]): Promise<Map<RoomName, Error>> {
  const failed = new Map<RoomName, Error>();
  const addAll = async (room: RoomName, ofRoom: readonly AudienceReport[]) => {
    try {
      for (const report of ofRoom) await addEntry(redis, report);
    } catch (error) {
      failed.set(room, error instanceof Error ? error : new Error(String(error)));
    }
  };
  await Promise.all([...Map.groupBy(reports, ({ room }) => room)].map(([room, ofRoom]) => addAll(room, ofRoom)));
  return failed;
}

async function addEntry(redis: RedisClient, { room, gatewayId, content }: AudienceReport): Promise<void> {
  const fields =
    content.kind === "changes"
      ? ["j", content.joined.join(), "l", content.left.join()]
      : ["f", content.from, "t", content.to, "u", content.users.join()];
  await redis.xadd(keys.audience(partitionOfRoom(room)), "MAXLEN", "~", MAX_ENTRIES, "*", "r", room, "g", gatewayId, ...fields);
}

/**
 * The oldest entries of each of these partitions, in their order; at most so many of each. Partitions of a node that is
 * away are left out; rejects where all are.
 */
export async function readAudience(redis: RedisClient, partitions: readonly number[], most: number): Promise<Map<number, AudienceEntry[]>> {
  const entries = new Map<number, AudienceEntry[]>();
  const replies = await tryCommands(
    redis,
    partitions.map((partition): KeyCommand => ["xrange", keys.audience(partition), "-", "+", "COUNT", most]),
  );
  throwIfNoneWorked(replies);
  replies.forEach((reply, i) => {
    const partition = partitions[i];
    if (partition === undefined || !Array.isArray(reply) || reply.length === 0) return;
    entries.set(
      partition,
      reply.map((entry) => decodeAudience(partition, entry)),
    );
  });
  return entries;
}

function decodeAudience(partition: number, entry: unknown): AudienceEntry {
  const [id, fields] = asArray(entry);
  const streamId = asText(id);
  return { partition, streamId, atMs: Number.parseInt(streamId, 10), report: parseReport(asArray(fields).map(asText)) };
}

export async function removeAudience(redis: RedisClient, partition: number, streamIds: readonly string[]): Promise<void> {
  if (streamIds.length > 0) await redis.xdel(keys.audience(partition), ...streamIds);
}

/** Entries that wait in a partition. */
export function countAudience(redis: RedisClient, partition: number): Promise<number> {
  return redis.xlen(keys.audience(partition));
}

function parseReport(flat: readonly string[]): AudienceReport | undefined {
  const fields = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) fields.set(flat[i] ?? "", flat[i + 1] ?? "");
  const room = fields.get("r") ?? "";
  const gatewayId = fields.get("g");
  const content = fields.has("u") ? parseList(fields) : parseChanges(fields);
  if (!isRoomName(room) || !gatewayId || content === undefined) return undefined;
  return { room, gatewayId, content };
}

function parseChanges(fields: ReadonlyMap<string, string>): AudienceChanges | undefined {
  const [joined, left] = [parseUsers(fields.get("j")), parseUsers(fields.get("l"))];
  return joined && left && { kind: "changes", joined, left };
}

function parseList(fields: ReadonlyMap<string, string>): AudienceList | undefined {
  const [from, to, users] = [parseId(fields.get("f") ?? ""), parseId(fields.get("t") ?? ""), parseUsers(fields.get("u"))];
  return from !== undefined && to !== undefined && users ? { kind: "list", from, to, users } : undefined;
}

function parseUsers(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined;
  if (text === "") return [];
  const users = text.split(",").flatMap((one) => parseId(one) ?? []);
  return users.length === text.split(",").length ? users : undefined;
}
