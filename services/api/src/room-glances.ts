/**
 * Looks at rooms, shared: whoever asks gets what Redis said after the question, so an answer holds whatever was
 * acknowledged, on whichever node, before its request came. One look at a time: all who ask while it is under way
 * share the next, so a storm of readers costs no more small reads than Redis has round trips, whatever its size.
 */
import type { RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import { type Glance, readGlance } from "@drawchat/redis/glance";
import { Lru } from "@drawchat/runtime/lru";
import type { RedisClock } from "./redis-clock.ts";
import { SharedRead } from "./shared-read.ts";

const MAX_ROOMS = 1_000;

export class RoomGlances {
  readonly #redis: RedisClient;
  readonly #clock: RedisClock;
  readonly #rooms = new Lru<RoomName, SharedRead<Glance>>(MAX_ROOMS);

  /** `clock` is told of the time that comes with each look. */
  constructor(redis: RedisClient, clock: RedisClock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  /** Rejects where Redis is away. */
  look(room: RoomName): Promise<Glance> {
    let reads = this.#rooms.get(room);
    if (reads === undefined) {
      reads = new SharedRead(() => this.#read(room));
      this.#rooms.set(room, reads);
    }
    return reads.read();
  }

  async #read(room: RoomName): Promise<Glance> {
    const askedAtMs = performance.now();
    const glance = await readGlance(this.#redis, room);
    this.#clock.note(glance.redisTimeMs, askedAtMs);
    return glance;
  }
}
