/**
 * Looks at rooms, from memory. A room that is asked for is subscribed: as long as nothing is published in it, the last
 * look holds. A publication leaves Redis together with the reply that the sender's acknowledgement waits for, so it is
 * here before a request of somebody who saw that; and a look is answered only after everything that had arrived with its
 * request was handled. Should a publication be late or lost, a look is at most 50 ms old.
 */
import { setImmediate } from "node:timers/promises";
import type { RoomName } from "@drawchat/protocol/ids";
import { isReady, type RedisClient } from "@drawchat/redis/connect";
import { type Glance, readGlance } from "@drawchat/redis/glance";
import { keys } from "@drawchat/redis/keys";
import { SharedRead } from "./shared-read.ts";

const MAX_AGE_MS = 50;
/** Nobody asked for so long: the room is no longer watched. */
const IDLE_MS = 60_000;
const SWEEP_MS = 10_000;
/** Rooms beyond it are looked at without a subscription. */
const MAX_ROOMS = 1_000;

export interface RoomWatchesOptions {
  redis: RedisClient;
  /** A connection for subscriptions, of which this has the only use. */
  subscriber: RedisClient;
  /** Told of Redis's time (Unix ms) that came with a look, and when it was asked for. */
  onTime: (redisTimeMs: number, askedAtMs: number) => void;
}

export class RoomWatches {
  readonly #options: RoomWatchesOptions;
  readonly #rooms = new Map<RoomName, RoomWatch>();
  readonly #byChannel = new Map<string, RoomWatch>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(options: RoomWatchesOptions) {
    this.#options = options;
    const { subscriber } = options;
    subscriber.on("messageBuffer", (channel: Buffer) => this.#byChannel.get(channel.toString("latin1"))?.noteChange());
    // What is published while the connection is away is missed.
    subscriber.on("close", () => this.#forEach((watch) => watch.stopListening()));
    subscriber.on("ready", () => this.#forEach((watch) => void this.#listen(watch)));
  }

  /** The room as Redis told of it after this call, or as nothing has changed it since. Rejects where Redis is away. */
  look(room: RoomName): Promise<Glance> {
    return (this.#rooms.get(room) ?? this.#add(room)).look();
  }

  /** Ends the subscriptions; the connection stays its owner's. */
  stop(): void {
    clearInterval(this.#sweep);
    this.#sweep = undefined;
    this.#forEach((watch) => this.#remove(watch));
  }

  #add(room: RoomName): RoomWatch {
    const { redis, onTime } = this.#options;
    const watch = new RoomWatch(room, async () => {
      const askedAtMs = performance.now();
      const glance = await readGlance(redis, room);
      onTime(glance.redisTimeMs, askedAtMs);
      return glance;
    });
    if (this.#rooms.size >= MAX_ROOMS) return watch;
    this.#rooms.set(room, watch);
    this.#byChannel.set(watch.channel, watch);
    this.#sweep ??= setInterval(() => this.#removeIdle(), SWEEP_MS).unref();
    void this.#listen(watch);
    return watch;
  }

  /** Without a subscription every look is a read: nothing is wrong then, only more is asked of Redis. */
  async #listen(watch: RoomWatch): Promise<void> {
    const { subscriber } = this.#options;
    if (!isReady(subscriber)) return;
    const done = await subscriber.subscribe(watch.channel).then(
      () => true,
      () => false,
    );
    if (done && isReady(subscriber) && this.#rooms.get(watch.room) === watch) watch.startListening();
  }

  #removeIdle(): void {
    const idleSinceMs = performance.now() - IDLE_MS;
    this.#forEach((watch) => {
      if (watch.askedAtMs < idleSinceMs) this.#remove(watch);
    });
  }

  #remove(watch: RoomWatch): void {
    this.#rooms.delete(watch.room);
    this.#byChannel.delete(watch.channel);
    watch.stopListening();
    const { subscriber } = this.#options;
    // A newer look at the room subscribes after this on the same connection, so the order is right.
    if (isReady(subscriber)) subscriber.unsubscribe(watch.channel).catch(() => undefined);
  }

  #forEach(act: (watch: RoomWatch) => void): void {
    for (const watch of [...this.#rooms.values()]) act(watch);
  }
}

class RoomWatch {
  readonly room: RoomName;
  readonly channel: string;
  askedAtMs = performance.now();
  readonly #reads: SharedRead<Glance>;
  #isListening = false;
  #isChanged = true;
  #kept: { glance: Glance; readAtMs: number } | undefined;
  #turn: Promise<Glance> | undefined;

  constructor(room: RoomName, read: () => Promise<Glance>) {
    this.room = room;
    this.channel = keys.channel(room);
    this.#reads = new SharedRead(() => this.#read(read));
  }

  startListening(): void {
    this.#isListening = true;
    this.#isChanged = true; // something may have changed just before
  }

  stopListening(): void {
    this.#isListening = false;
  }

  noteChange(): void {
    this.#isChanged = true;
  }

  /** All who ask in one turn of the event loop share the answer. */
  look(): Promise<Glance> {
    this.#turn ??= this.#lookAfterTurn();
    return this.#turn;
  }

  async #lookAfterTurn(): Promise<Glance> {
    await setImmediate(); // a publication may have come with the request, and be handed out behind it
    this.#turn = undefined;
    this.askedAtMs = performance.now();
    const kept = this.#kept;
    const isKept = kept !== undefined && this.#isListening && !this.#isChanged && this.askedAtMs - kept.readAtMs < MAX_AGE_MS;
    return isKept ? kept.glance : await this.#reads.read();
  }

  async #read(read: () => Promise<Glance>): Promise<Glance> {
    const readAtMs = performance.now();
    this.#isChanged = false; // before the read: what is published meanwhile may not be in it
    const glance = await read();
    this.#kept = { glance, readAtMs };
    return glance;
  }
}
