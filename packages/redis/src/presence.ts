/**
 * Who is online, over all gateways: each keeps a list of its users in Redis under a version, tells its changes, and beats.
 * A gateway that fell silent counts no more. When a user was last there is kept until jobs have it in Postgres.
 */
import type { PresenceState } from "@drawchat/protocol/conversations";
import { parseId } from "@drawchat/protocol/ids";
import { type KeyCommand, publishCommand, runCommands } from "./commands.ts";
import type { RedisClient } from "./connect.ts";
import { keys } from "./keys.ts";
import { asArray, asFields, asNumber, defineScript } from "./script.ts";
import { redisNowMs } from "./time.ts";

const writeScript = defineScript(new URL("./presence-write.lua", import.meta.url));
const beatScript = defineScript(new URL("./presence-beat.lua", import.meta.url));
const removeScript = defineScript(new URL("./presence-remove.lua", import.meta.url));
const forgetScript = defineScript(new URL("./presence-forget.lua", import.meta.url));

/** A gateway that did not beat for this long counts no more. */
export const PRESENCE_STALE_MS = 12_000;
/** Its list is removed after this: well over what a restart of Redis or a pause of the gateway takes. */
const DEAD_MS = 60_000;
const SEEN_AT_ONCE = 1_000;

/** Who is there. Who is not is in no list. */
export type Here = Exclude<PresenceState, "offline">;

export interface GatewayBeat {
  readonly seenMs: number;
  /** Of its list of users. */
  readonly version: number;
}

// ---- a gateway's own list ------------------------------------------------------------------------------------------

/**
 * Changes of a gateway's users; `follows` is the version before them, undefined begins the list anew. Resolves with the new
 * version, undefined where Redis has another list: send the whole one. Rejects where Redis is away, or that is not known.
 */
export async function writePresence(
  redis: RedisClient,
  gatewayId: string,
  { follows, users }: { follows: number | undefined; users: Iterable<readonly [userId: number, state: PresenceState]> },
): Promise<number | undefined> {
  const version = asNumber(
    await writeScript.run(
      redis,
      [keys.presenceGateways, keys.presenceAt(gatewayId), keys.presenceSeen],
      [gatewayId, follows ?? "", keys.presenceChannel, publishCommand(redis), ...[...users].flat()],
    ),
  );
  return version === 0 ? undefined : version;
}

/** Says that the gateway is there with this version of its list; resolves with the beats of all, and Redis's time. */
export async function beatPresence(
  redis: RedisClient,
  gatewayId: string,
  version: number,
): Promise<{ redisTimeMs: number; gateways: Map<string, GatewayBeat> }> {
  const [time, flat] = asArray(await beatScript.run(redis, [keys.presenceGateways], [gatewayId, version]));
  return { redisTimeMs: asNumber(time), gateways: parseBeats(asFields(flat)) };
}

/** The gateway stops: its users are gone. */
export async function leavePresence(redis: RedisClient, gatewayId: string): Promise<void> {
  await removeGateway(redis, gatewayId, 0);
}

// ---- other gateways' lists -----------------------------------------------------------------------------------------

export interface PresenceChange {
  readonly gatewayId: string;
  /** 0: the gateway is gone. */
  readonly version: number;
  /** When, by Redis's clock. */
  readonly atMs: number;
  /** The version before it; undefined where the list began anew, and must be read. */
  readonly follows: number | undefined;
  readonly users: ReadonlyMap<number, PresenceState>;
}

/** Undefined where it cannot be read. */
export function decodePresenceChange(bytes: Buffer): PresenceChange | undefined {
  const { gateway, version, at_ms, follows, users } = parseFields(bytes);
  if (typeof gateway !== "string" || typeof version !== "number" || typeof at_ms !== "number") return undefined;
  if (follows !== undefined && typeof follows !== "number") return undefined;
  return { gatewayId: gateway, version, atMs: at_ms, follows, users: parseUsers(Object.entries(Object(users)), isState) };
}

/** Nothing where the bytes are no JSON object. */
function parseFields(bytes: Buffer): { [field: string]: unknown } {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** A gateway's whole list at one instant; undefined where it has none. Rejects where Redis is away. */
export async function readGatewayPresence(
  redis: RedisClient,
  gatewayId: string,
): Promise<{ version: number; users: Map<number, Here> } | undefined> {
  const replies = await redis.multi().hget(keys.presenceGateways, gatewayId).hgetall(keys.presenceAt(gatewayId)).exec();
  const [beat, users] = (replies ?? []).map(([error, value]) => {
    if (error) throw error;
    return value;
  });
  const version = typeof beat === "string" ? parseBeat(beat)?.version : undefined;
  return version === undefined ? undefined : { version, users: parseUsers(Object.entries(Object(users)), isHere) };
}

// ---- for the api and jobs ------------------------------------------------------------------------------------------

export interface UserPresence {
  readonly state: PresenceState;
  /** Unix ms where Redis knows it: not stored yet. Undefined: Postgres has the latest. */
  readonly lastSeenMs: number | undefined;
}

/** Of each of these users. Two round trips. Rejects where Redis is away. */
export async function readPresence(redis: RedisClient, userIds: readonly number[]): Promise<Map<number, UserPresence>> {
  if (userIds.length === 0) return new Map();
  const [nowMs, [beats, seen]] = await Promise.all([
    redisNowMs(redis),
    runCommands(redis, [
      ["hgetall", keys.presenceGateways],
      ["hmget", keys.presenceSeen, ...userIds],
    ]),
  ]);
  const gateways = [...parseBeats(new Map(Object.entries(Object(beats))))];
  const lists = await runCommands(
    redis,
    gateways.map(([gatewayId]): KeyCommand => ["hmget", keys.presenceAt(gatewayId), ...userIds]),
  );
  return new Map(
    userIds.map((userId, n) => {
      let state: PresenceState = "offline";
      let lastSeenMs = Number(asArray(seen)[n] ?? 0);
      gateways.forEach(([, { seenMs }], i) => {
        const here = asArray(lists[i])[n];
        if (!isHere(here)) return;
        if (nowMs - seenMs > PRESENCE_STALE_MS) lastSeenMs = Math.max(lastSeenMs, seenMs);
        else state = sumOf(state, here);
      });
      return [userId, { state, lastSeenMs: lastSeenMs === 0 ? undefined : lastSeenMs }];
    }),
  );
}

/** Online where any is, away where all who are there are. */
export function sumOf(a: PresenceState, b: PresenceState): PresenceState {
  if (a === "online" || b === "online") return "online";
  return a === "away" || b === "away" ? "away" : "offline";
}

/**
 * Hands a thousand users or two and when they were last seen (Unix ms) to `store`, and forgets them once it has resolved; who left
 * again meanwhile is kept. Resolves with how many there were. Rejects where `store` does, or Redis is away.
 */
export async function drainSeen(redis: RedisClient, store: (seen: ReadonlyMap<number, number>) => Promise<void>): Promise<number> {
  const seen = new Map<number, number>();
  let cursor = "0";
  do {
    const [next, flat] = await redis.hscan(keys.presenceSeen, cursor, "COUNT", SEEN_AT_ONCE);
    cursor = next;
    for (const [user, ms] of asFields(flat)) seen.set(Number(user), Number(ms));
  } while (cursor !== "0" && seen.size < SEEN_AT_ONCE);
  if (seen.size === 0) return 0;
  await store(seen);
  await forgetScript.run(redis, [keys.presenceSeen], [...seen].flat());
  return seen.size;
}

/** Removes the lists of gateways that are silent for a minute; their users were last seen at the last beat. Resolves with how many. */
export async function removeDeadGateways(redis: RedisClient): Promise<number> {
  let removed = 0;
  for (const gatewayId of await redis.hkeys(keys.presenceGateways)) {
    if ((await removeGateway(redis, gatewayId, DEAD_MS)) >= 0) removed += 1;
  }
  return removed;
}

async function removeGateway(redis: RedisClient, gatewayId: string, silentMs: number): Promise<number> {
  return asNumber(
    await removeScript.run(
      redis,
      [keys.presenceGateways, keys.presenceAt(gatewayId), keys.presenceSeen],
      [gatewayId, silentMs, keys.presenceChannel, publishCommand(redis)],
    ),
  );
}

// ---- what stands in Redis ------------------------------------------------------------------------------------------

function parseBeats(fields: ReadonlyMap<string, unknown>): Map<string, GatewayBeat> {
  const beats = new Map<string, GatewayBeat>();
  for (const [gatewayId, text] of fields) {
    const beat = parseBeat(String(text));
    if (beat !== undefined) beats.set(gatewayId, beat);
  }
  return beats;
}

function parseBeat(text: string): GatewayBeat | undefined {
  const [, seenMs, version] = /^(\d+):(\d+)$/.exec(text) ?? [];
  return seenMs === undefined ? undefined : { seenMs: Number(seenMs), version: Number(version) };
}

function parseUsers<S>(entries: [string, unknown][], isOne: (value: unknown) => value is S): Map<number, S> {
  const users = new Map<number, S>();
  for (const [user, state] of entries) {
    const userId = parseId(user);
    if (userId !== undefined && isOne(state)) users.set(userId, state);
  }
  return users;
}

function isHere(value: unknown): value is Here {
  return value === "online" || value === "away";
}

function isState(value: unknown): value is PresenceState {
  return isHere(value) || value === "offline";
}
