/**
 * Finds what pub/sub lost: where a room stands in Redis is compared with where it stood here when that was asked. Lower is a
 * loss, higher and not reached soon a hole, another version a policy that was not heard.
 */
import type { RedisClient } from "@drawchat/redis/connect";
import { readTips, type Tip } from "@drawchat/redis/tips";
import { sleep } from "@drawchat/runtime/backoff";
import type { LiveRoom } from "./live-room.ts";
import type { RedisClock } from "./redis-clock.ts";

/** A tip ahead of ours is usually a publication on its way. */
const GRACE_MS = 1_000;
/** How long a room's sockets hear nothing before they are told where it stands; a socket may be in 200 conversations. */
const QUIET_MS = { session: 5_000, conversation: 30_000 };

export interface TipCheckOptions {
  redis: RedisClient;
  clock: RedisClock;
  stopped: AbortSignal;
}

export class TipCheck {
  readonly #options: TipCheckOptions;

  constructor(options: TipCheckOptions) {
    this.#options = options;
  }

  /** All of these rooms at once. Rejects where Redis is away altogether. */
  async check(rooms: readonly LiveRoom[]): Promise<void> {
    if (rooms.length === 0) return;
    const noted = rooms.map((room) => room.upto);
    const requestedAt = performance.now();
    const { redisTimeMs, tips } = await readTips(
      this.#options.redis,
      rooms.map((room) => room.name),
    );
    this.#options.clock.note(redisTimeMs, requestedAt, performance.now());
    rooms.forEach((room, i) => {
      this.#judge(room, noted[i] ?? 0, tips[i] ?? "away");
      room.tellTip(QUIET_MS[room.side.kind]);
    });
  }

  #judge(room: LiveRoom, notedUpto: number, tip: Tip | "unknown" | "away"): void {
    if (!room.isLive || tip === "away") return; // it is reading already, or nothing is known; the next check judges
    if (tip === "unknown") {
      void room.repair("Redis does not know the room");
      return;
    }
    if (tip.epoch !== room.epoch) void room.reset("another epoch");
    else if (tip.upto < notedUpto) void room.reset("the tip went back");
    else {
      if (tip.upto > room.upto) void this.#repairIfStillBehind(room, tip.upto);
      room.stored.note(Math.min(tip.stored, tip.upto));
    }
    if (tip.policyVersion > room.side.policy.version) void room.refreshPolicy();
  }

  async #repairIfStillBehind(room: LiveRoom, tipUpto: number): Promise<void> {
    await sleep(GRACE_MS, this.#options.stopped);
    if (room.upto < tipUpto) await room.repair("the tip is ahead");
  }
}
