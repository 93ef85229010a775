/** Reads a room from Redis, brings it back from Postgres where Redis does not know it, and keeps Redis's clock by the way. */
import type { RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import { readLikes } from "@drawchat/redis/history-page";
import type { LikeTarget } from "@drawchat/redis/keys";
import { type ReadRoomOptions, type RoomState, readRoom } from "@drawchat/redis/room-state";
import type { ApiClient } from "./api-client.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { RedisClock } from "./redis-clock.ts";

export interface RoomReaderDeps {
  redis: RedisClient;
  api: ApiClient;
  clock: RedisClock;
  metrics: GatewayMetrics;
}

export class RoomReader {
  readonly #room: RoomName;
  readonly #deps: RoomReaderDeps;

  constructor(room: RoomName, deps: RoomReaderDeps) {
    this.#room = room;
    this.#deps = deps;
  }

  /** Undefined where Redis does not know the room. Rejects where Redis is away. */
  async read(options: ReadRoomOptions = {}): Promise<RoomState | undefined> {
    const { redis, clock, metrics } = this.#deps;
    if (options.history !== undefined) metrics.historyReads.inc();
    const requestedAt = performance.now();
    const state = await readRoom(redis, this.#room, options);
    // Before anybody judges the window by it: this may be the gateway's first look at Redis's time.
    if (state !== undefined) clock.note(state.redisTimeMs, requestedAt, performance.now());
    return state;
  }

  /** The counts that everybody is shown, of the session and of these messages. */
  readLikes(messageIds: readonly number[]): Promise<Map<LikeTarget, number>> {
    return readLikes(this.#deps.redis, this.#room, ["s", ...messageIds.map((id): LikeTarget => `${id}`)]);
  }

  /** The same; undefined where Postgres does not know it either. Rejects where that cannot be known now. */
  async readOrRestore(options: ReadRoomOptions): Promise<RoomState | undefined> {
    const state = await this.read(options);
    if (state !== undefined) return state;
    const answer = await this.#deps.api.restoreRoom(this.#room);
    if (answer === "unknown") return undefined;
    if (answer === "unavailable") throw new Error("the api could not restore the room");
    const restored = await this.read(options);
    if (restored === undefined) throw new Error("the room is gone again");
    return restored;
  }
}
