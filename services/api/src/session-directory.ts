/**
 * Which session a call speaks of. What "current" is chosen from is read at most once a second, by one query for all
 * who ask; while Postgres is away the last answer serves on for 5 minutes. The time is that of Redis.
 */

import type { Db } from "@drawchat/db/connect";
import { ensureDailySessions } from "@drawchat/db/session-changes";
import { findSession, listCurrentCandidates, type StoredSession } from "@drawchat/db/sessions";
import { ClientError } from "@drawchat/protocol/errors";
import type { RedisClient } from "@drawchat/redis/connect";
import { redisNowMs } from "@drawchat/redis/time";
import type { Log } from "@drawchat/runtime/log";
import type { DrawConfig } from "@drawchat/schedule/draw-config";
import { chooseCurrent, dailyDrawsAround, stateAt } from "@drawchat/schedule/window";

const FRESH_MS = 1_000;
const STALE_MS = 300_000;

export interface SessionDirectoryOptions {
  db: Db;
  redis: RedisClient;
  log: Log;
  draw: DrawConfig;
  hours: { pre: number; post: number };
}

/** A session (or none: no draw at all) and the time of Redis at which that was so. */
export interface SessionNow {
  session: StoredSession | undefined;
  nowMs: number;
}

export class SessionDirectory {
  readonly #options: SessionDirectoryOptions;
  #candidates: StoredSession[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY; // monotonic
  #reading: Promise<void> | undefined;
  #ensured = "";

  constructor(options: SessionDirectoryOptions) {
    this.#options = options;
  }

  /** The time of Redis in Unix ms. */
  nowMs(): Promise<number> {
    return redisNowMs(this.#options.redis);
  }

  /** The session with this id, or the current one. Throws `session_not_found` for an id that there is not. */
  async resolve(sessionId: number | undefined): Promise<SessionNow> {
    const nowMs = await this.nowMs();
    if (sessionId === undefined) {
      await this.#refresh(nowMs);
      return { session: chooseCurrent(this.#candidates, nowMs), nowMs };
    }
    const session = await this.#find(sessionId);
    if (session === undefined) throw new ClientError("session_not_found");
    return { session, nowMs };
  }

  /** Every session that is open now. */
  async listOpen(): Promise<StoredSession[]> {
    const nowMs = await this.nowMs();
    await this.#refresh(nowMs);
    return this.#candidates.filter((session) => stateAt(session, nowMs) === "open");
  }

  /** After a change: the next call reads anew. */
  forget(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
    this.#ensured = "";
  }

  async #find(id: number): Promise<StoredSession | undefined> {
    try {
      return await findSession(this.#options.db, id);
    } catch (error) {
      const known = this.#candidates.find((session) => session.id === id);
      if (known === undefined || performance.now() - this.#readAtMs > STALE_MS) throw error;
      return known;
    }
  }

  async #refresh(nowMs: number): Promise<void> {
    const age = performance.now() - this.#readAtMs;
    if (age < FRESH_MS) return;
    this.#reading ??= this.#read(nowMs).finally(() => {
      this.#reading = undefined;
    });
    try {
      await this.#reading;
    } catch (error) {
      if (age > STALE_MS) throw error;
      this.#options.log.debug({ component: "live_chat", err: error }, "sessions could not be read, serving the last known");
    }
  }

  async #read(nowMs: number): Promise<void> {
    const { db } = this.#options;
    const startedAt = performance.now();
    await this.#ensureDaily(nowMs);
    this.#candidates = await listCurrentCandidates(db, nowMs);
    this.#readAtMs = startedAt;
  }

  /** Only asks Postgres when other draws are wanted than last time: at midnight, and after a change. */
  async #ensureDaily(nowMs: number): Promise<void> {
    const { db, draw, hours, log } = this.#options;
    const draws = dailyDrawsAround(draw, hours, nowMs);
    const wanted = draws.map((each) => each.drawDate).join();
    if (wanted === this.#ensured) return;
    const made = await ensureDailySessions(db, draws, nowMs);
    this.#ensured = wanted;
    for (const session of made)
      log.info({ component: "live_chat", session: session.id, draw_date: session.drawDate }, "daily session made");
  }
}
