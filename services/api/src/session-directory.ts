/**
 * Which session a call speaks of. What "current" is chosen from, and a session that is named, are at most a second old,
 * read by one query for all who ask; while Postgres is away the last answer serves on for 5 minutes. The time is that of
 * Redis.
 */
import type { Db } from "@drawchat/db/connect";
import { ensureDailySessions } from "@drawchat/db/session-changes";
import { findSession, listCurrentCandidates, type StoredSession } from "@drawchat/db/sessions";
import { ClientError } from "@drawchat/protocol/errors";
import type { RedisClient } from "@drawchat/redis/connect";
import type { Log } from "@drawchat/runtime/log";
import { Lru } from "@drawchat/runtime/lru";
import type { DrawConfig } from "@drawchat/schedule/draw-config";
import { chooseCurrent, dailyDrawsAround, stateAt } from "@drawchat/schedule/window";
import { AgedRead, type AgedReadOptions } from "./aged-read.ts";
import { RedisClock } from "./redis-clock.ts";

const FRESH_MS = 1_000;
const STALE_MS = 300_000;
/** Sessions remembered because a call named them. */
const MAX_NAMED = 1_000;

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
  readonly clock: RedisClock;
  readonly #options: SessionDirectoryOptions;
  readonly #candidates: AgedRead<StoredSession[]>;
  readonly #named = new Lru<number, AgedRead<StoredSession | undefined>>(MAX_NAMED);
  #ensured = "";

  constructor(options: SessionDirectoryOptions) {
    this.#options = options;
    this.clock = new RedisClock(options.redis);
    this.#candidates = this.#aged(() => this.#readCandidates());
  }

  /** The time of Redis in Unix ms. */
  nowMs(): Promise<number> {
    return this.clock.nowMs();
  }

  /** The session with this id, or the current one. Throws `session_not_found` for an id that there is not. */
  async resolve(sessionId: number | undefined): Promise<SessionNow> {
    const nowMs = await this.nowMs();
    const session = sessionId === undefined ? chooseCurrent(await this.#candidates.get(), nowMs) : await this.#find(sessionId);
    if (session === undefined && sessionId !== undefined) throw new ClientError("session_not_found");
    return { session, nowMs };
  }

  /** Every session that is open now. */
  async listOpen(): Promise<StoredSession[]> {
    const nowMs = await this.nowMs();
    return (await this.#candidates.get()).filter((session) => stateAt(session, nowMs) === "open");
  }

  /** After a change: the next call reads anew. */
  forget(): void {
    this.#candidates.forget();
    this.#named.clear();
    this.#ensured = "";
  }

  /** One that is not known is asked for each time: it may be made now. */
  async #find(id: number): Promise<StoredSession | undefined> {
    const named = this.#named.get(id) ?? this.#aged(() => findSession(this.#options.db, id));
    this.#named.set(id, named);
    try {
      const session = await named.get();
      if (session === undefined) this.#named.delete(id);
      return session;
    } catch (error) {
      // Never named before, and Postgres is away: it may still be one that others speak of as the current one.
      const known = (await this.#candidates.get()).find((session) => session.id === id);
      if (known === undefined) throw error;
      return known;
    }
  }

  #aged<T>(read: AgedReadOptions<T>["read"]): AgedRead<T> {
    const onStale = (error: unknown) =>
      this.#options.log.debug({ component: "live_chat", err: error }, "sessions could not be read, serving the last known");
    return new AgedRead({ read, maxAgeMs: FRESH_MS, keptMs: STALE_MS, onStale });
  }

  async #readCandidates(): Promise<StoredSession[]> {
    const nowMs = await this.nowMs();
    await this.#ensureDaily(nowMs);
    return await listCurrentCandidates(this.#options.db, nowMs);
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
