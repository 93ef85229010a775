/**
 * Viewers of whom nobody tells any more: those of gateways that fell silent and of sessions that are over. Also writes
 * the audience's figures along. Harmless to run in several processes.
 */
import type { Database } from "@drawchat/db/connect";
import { listSessionsWithAudience, recordFigures } from "@drawchat/db/session-figures";
import { closeViewersAt, listViewersAt, type ViewersAt } from "@drawchat/db/viewers";
import { sessionRoom } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import { readBeats } from "@drawchat/redis/viewers";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";

const ROUND_MS = 2_000;
/** Gateways beat every 2 s. */
const SILENT_MS = 15_000;
const FIGURES_MS = 5_000;

export interface ViewerSweepOptions {
  pool: Database["pool"];
  redis: RedisClient;
  log: Log;
}

export class ViewerSweep {
  readonly #options: ViewerSweepOptions;
  readonly #stopping = new AbortController();
  /** When each gateway was last heard of in each session, by Redis's clock. */
  #heardMs = new Map<string, number>();
  #figuresDueMs = 0;
  #loop: Promise<void> | undefined;

  constructor(options: ViewerSweepOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when the round in hand is finished. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#closeSilent();
        await this.#recordFigures();
        failures = 0;
      } catch (error) {
        // Nobody was heard meanwhile, which says nothing of the gateways: their silence begins anew.
        this.#heardMs.clear();
        failures += 1;
        if (failures === 3) this.#options.log.warn({ component: "live_chat", err: error }, "viewers not swept, retrying");
      }
      await sleep(ROUND_MS, signal);
    }
  }

  async #closeSilent(): Promise<void> {
    const { pool, redis, log } = this.#options;
    const places = await listViewersAt(pool);
    const { redisTimeMs, beats } = await readBeats(redis, [...new Set(places.map((place) => place.sessionId))].map(sessionRoom));
    const heardMs = new Map<string, number>();
    for (const place of places) {
      const key = `${place.sessionId} ${place.gatewayId}`;
      // One that was never heard of has its time, too: this process may have come after its last beat.
      const heard = beats.get(sessionRoom(place.sessionId))?.seenMs.get(place.gatewayId) ?? this.#heardMs.get(key) ?? redisTimeMs;
      heardMs.set(key, heard);
      const closed = await this.#close(place, heard, redisTimeMs);
      if (closed > 0) {
        const fields = { component: "live_chat", session: place.sessionId, gateway: place.gatewayId, viewers: closed };
        log.info(fields, place.isSessionLive ? "gateway is silent, its viewers are closed" : "session is over, its viewers are closed");
      }
    }
    this.#heardMs = heardMs;
  }

  /** Rows seen since then belong to a gateway that is there again. */
  async #close(place: ViewersAt, heardMs: number, nowMs: number): Promise<number> {
    if (!place.isSessionLive) return closeViewersAt(this.#options.pool, place, nowMs + 1);
    return nowMs - heardMs < SILENT_MS ? 0 : closeViewersAt(this.#options.pool, place, nowMs - SILENT_MS);
  }

  async #recordFigures(): Promise<void> {
    if (performance.now() < this.#figuresDueMs) return;
    this.#figuresDueMs = performance.now() + FIGURES_MS;
    const { pool, redis } = this.#options;
    const { redisTimeMs } = await readBeats(redis, []);
    const sessions = await listSessionsWithAudience(pool, redisTimeMs);
    const { beats } = await readBeats(redis, sessions.map(sessionRoom));
    for (const id of sessions) await recordFigures(pool, id, beats.get(sessionRoom(id))?.peak ?? 0);
  }
}
