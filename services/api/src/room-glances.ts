/**
 * Looks at rooms, shared: whoever asks gets what Redis said after the question, so an answer holds whatever was
 * acknowledged, on whichever node, before its request came. All who ask within the same millisecond share one look: a
 * storm of readers costs at most a thousand small reads a second, whatever its size.
 */
import type { RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import { type Glance, readGlance } from "@drawchat/redis/glance";
import { Lru } from "@drawchat/runtime/lru";
import type { RedisClock } from "./redis-clock.ts";
import { SharedRead } from "./shared-read.ts";

/** From one look's start to the next one's; a lone reader waits for nothing. */
const MIN_GAP_MS = 1;
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
      reads = new SharedRead(() => this.#read(room), { minGapMs: MIN_GAP_MS });
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
