/** Reading a room's recent history backwards, for pages: without the rest of the room, and from any id down. */
import type { RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "./connect.ts";
import { keys, type LikeTarget } from "./keys.ts";
import { decodePublication } from "./publication.ts";
import { asArray, asBytes, asText } from "./script.ts";

export interface HistoryEvent {
  readonly id: number;
  readonly kind: string;
  /** The event's JSON. */
  readonly body: string;
}

export interface HistoryPage {
  /** Oldest first, without a hole between the first and the last. */
  readonly events: HistoryEvent[];
  /** True where Redis holds nothing older. */
  readonly reachesStart: boolean;
}

export interface HistoryPageOptions {
  /** Only events below this id; absent: from the newest on. */
  before?: number | undefined;
  /** Read at most so many publications; absent: all. */
  mostPublications?: number | undefined;
}

/** Empty where Redis does not know the room. Rejects where Redis is away. */
export async function readHistoryPage(
  redis: RedisClient,
  room: RoomName,
  { before, mostPublications }: HistoryPageOptions,
): Promise<HistoryPage> {
  const top = before === undefined ? "+" : await publicationHolding(redis, room, before);
  const history = keys.history(room);
  const entries = asArray(
    mostPublications === undefined
      ? await redis.xrevrangeBuffer(history, top, "-")
      : await redis.xrevrangeBuffer(history, top, "-", "COUNT", mostPublications),
  );
  const events = entries.reverse().flatMap((entry) => {
    const publication = decodePublication(asBytes(asArray(asArray(entry)[1])[1]));
    return publication.events
      .filter((event) => before === undefined || event.id < before)
      .map(({ id, kind, start, end }) => ({ id, kind, body: publication.bytes.toString("utf8", start, end) }));
  });
  return { events, reachesStart: mostPublications === undefined || entries.length < mostPublications };
}

/** The first publication that ends at or behind an id may hold older events too: a page below the id starts there. */
async function publicationHolding(redis: RedisClient, room: RoomName, id: number): Promise<string> {
  const [entry] = asArray(await redis.xrangeBuffer(keys.history(room), `${id}-0`, "+", "COUNT", 1));
  return entry === undefined ? "+" : asText(asArray(entry)[0]);
}

/** The counts everybody is shown (stored and pending together) of those targets that Redis has; the others are left out. */
export async function readLikes(redis: RedisClient, room: RoomName, targets: readonly LikeTarget[]): Promise<Map<LikeTarget, number>> {
  if (targets.length === 0) return new Map();
  const fields = targets.flatMap((target) => [`${target}:stored`, `${target}:pending`]);
  const values = await redis.hmget(keys.likes(room), ...fields);
  const likes = new Map<LikeTarget, number>();
  targets.forEach((target, i) => {
    const [stored, pending] = values.slice(2 * i, 2 * i + 2);
    if (stored != null || pending != null) likes.set(target, Number(stored ?? 0) + Number(pending ?? 0));
  });
  return likes;
}
