/**
 * Presence of this gateway's users and of all others': what changes here is gathered for a moment and written to Redis, what
 * changes elsewhere is heard or read. One loop does it in turn, so that versions never race each other.
 */
import type { PresenceState } from "@drawchat/protocol/conversations";
import { isReady, type RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import {
  beatPresence,
  decodePresenceChange,
  type GatewayBeat,
  type Here,
  leavePresence,
  PRESENCE_STALE_MS,
  readGatewayPresence,
  sumOf,
  writePresence,
} from "@drawchat/redis/presence";
import type { Subscriber } from "@drawchat/redis/subscriber";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import type { Connection } from "./connection.ts";
import { type OnPresence, PresenceView } from "./presence-view.ts";
import type { RedisClock } from "./redis-clock.ts";

/** Changes gather for so long. */
const TURN_MS = 100;
/** With what is stale after 12 s: a killed gateway's users are offline within 15 s. */
const BEAT_MS = 2_000;
/** After a while without beats all gateways look silent, until they had the time to beat again. */
const GRACE_MS = 6_000;
/** A call takes so many users: a whole list in one, or it would be read half. */
const MAX_USERS = 20_000;

export interface PresenceOptions {
  redis: RedisClient;
  subscriber: Subscriber;
  gatewayId: string;
  clock: RedisClock;
  log: Log;
  onPresence: OnPresence;
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #view: PresenceView;
  readonly #here = new Map<number, Map<Connection, Here>>();
  readonly #changed = new Set<number>();
  /** Gateways whose list must be read. */
  readonly #unread = new Set<string>();
  readonly #beats = new Map<string, GatewayBeat>();
  readonly #stopped = new AbortController();
  /** Aborted where there is something to do before the next beat. */
  #news = new AbortController();
  /** Of the list in Redis; undefined: the whole list is to be written. */
  #version: number | undefined;
  #beatDueMs = 0;
  #lastBeatMs = Number.NEGATIVE_INFINITY;
  #trustedFromMs = 0;
  #loop: Promise<void> | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#view = new PresenceView(options.onPresence);
  }

  /** Resolves once it hears the others. */
  async start(): Promise<void> {
    await this.listen();
    this.#loop = this.#run();
  }

  /** Hears the others' changes. What was told before is found by the versions of their lists. */
  async listen(): Promise<void> {
    await this.#options.subscriber.subscribe(keys.presenceChannel, { onMessage: (bytes) => this.#onChange(bytes) });
  }

  /** Takes this gateway's users away. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
    if (isReady(this.#options.redis)) await leavePresence(this.#options.redis, this.#options.gatewayId).catch(() => undefined);
  }

  stateOf(userId: number): PresenceState {
    return this.#view.stateOf(userId);
  }

  /** How this socket's user is, as far as this socket goes. */
  set(connection: Connection, userId: number, state: Here): void {
    const sockets = this.#here.get(userId) ?? new Map<Connection, Here>();
    this.#here.set(userId, sockets.set(connection, state));
    this.#note(userId);
  }

  /** The socket is gone. */
  remove(connection: Connection, userId: number): void {
    const sockets = this.#here.get(userId);
    if (sockets?.delete(connection) !== true) return;
    if (sockets.size === 0) this.#here.delete(userId);
    this.#note(userId);
  }

  #note(userId: number): void {
    this.#changed.add(userId);
    this.#news.abort();
    this.#view.set(this.#options.gatewayId, userId, this.#stateHere(userId), this.#options.clock.nowMs());
  }

  #stateHere(userId: number): PresenceState {
    return [...(this.#here.get(userId)?.values() ?? [])].reduce<PresenceState>(sumOf, "offline");
  }

  #onChange(bytes: Buffer): void {
    const change = decodePresenceChange(bytes);
    if (change === undefined || change.gatewayId === this.#options.gatewayId) return;
    if (change.version === 0) this.#forget(change.gatewayId, change.atMs);
    else if (!this.#view.apply(change)) {
      this.#unread.add(change.gatewayId);
      this.#news.abort();
    }
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#turn();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 10) this.#options.log.warn({ component: "websocket", err: error }, "presence not shared, retrying");
      }
      await this.#pause();
    }
  }

  /** Until changes have gathered, or the next beat is due: who has nothing to tell sleeps. */
  async #pause(): Promise<void> {
    const { signal } = this.#stopped;
    if (this.#version !== undefined && this.#changed.size === 0 && this.#unread.size === 0) {
      this.#news = new AbortController();
      await sleep(this.#beatDueMs - performance.now() - TURN_MS, AbortSignal.any([signal, this.#news.signal]));
    }
    await sleep(TURN_MS, signal);
  }

  async #turn(): Promise<void> {
    if (this.#version === undefined) await this.#writeAll();
    else if (this.#changed.size > 0) await this.#writeChanges();
    for (const gatewayId of [...this.#unread]) await this.#read(gatewayId);
    if (performance.now() >= this.#beatDueMs) await this.#beat();
  }

  async #writeAll(): Promise<void> {
    this.#changed.clear();
    for (const userId of this.#here.keys()) this.#changed.add(userId);
    this.#version = await this.#write(undefined);
    await this.#writeChanges();
  }

  async #writeChanges(): Promise<void> {
    while (this.#changed.size > 0 && this.#version !== undefined) this.#version = await this.#write(this.#version);
  }

  async #write(follows: number | undefined): Promise<number | undefined> {
    const { redis, gatewayId } = this.#options;
    const userIds = [...this.#changed].slice(0, MAX_USERS);
    for (const userId of userIds) this.#changed.delete(userId);
    this.#version = undefined; // until it is known to be written
    return writePresence(redis, gatewayId, { follows, users: userIds.map((userId) => [userId, this.#stateHere(userId)] as const) });
  }

  async #read(gatewayId: string): Promise<void> {
    const before = this.#view.versionOf(gatewayId);
    const list = await readGatewayPresence(this.#options.redis, gatewayId);
    // A change that came meanwhile is newer, or does not follow and is read in the next turn.
    if (this.#view.versionOf(gatewayId) !== before) return;
    this.#unread.delete(gatewayId);
    if (list !== undefined) this.#view.replace(gatewayId, list.version, list.users, this.#options.clock.nowMs());
  }

  async #beat(): Promise<void> {
    const { redis, gatewayId } = this.#options;
    const { redisTimeMs, gateways } = await beatPresence(redis, gatewayId, this.#version ?? 0);
    const nowMs = performance.now();
    if (nowMs - this.#lastBeatMs > GRACE_MS) this.#trustedFromMs = nowMs + GRACE_MS;
    this.#lastBeatMs = nowMs;
    this.#beatDueMs = nowMs + BEAT_MS;
    if (gateways.get(gatewayId)?.version !== this.#version) this.#version = undefined;
    for (const [id, beat] of gateways) if (id !== gatewayId) this.#judge(id, beat, redisTimeMs);
    // One that Redis does not name may only have lost its memory there: it is silent from its last beat on.
    for (const [id, beat] of this.#beats) if (!gateways.has(id)) this.#judge(id, beat, redisTimeMs);
  }

  #judge(gatewayId: string, beat: GatewayBeat, redisTimeMs: number): void {
    const isSilent = redisTimeMs - beat.seenMs > PRESENCE_STALE_MS;
    if (isSilent && (!this.#beats.has(gatewayId) || performance.now() >= this.#trustedFromMs)) {
      this.#forget(gatewayId, beat.seenMs);
      return;
    }
    this.#beats.set(gatewayId, beat);
    if (this.#view.versionOf(gatewayId) !== beat.version) this.#unread.add(gatewayId);
  }

  #forget(gatewayId: string, lastSeenMs: number): void {
    this.#beats.delete(gatewayId);
    this.#unread.delete(gatewayId);
    this.#view.drop(gatewayId, lastSeenMs);
  }
}
