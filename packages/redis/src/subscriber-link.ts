/** A connection of subscriptions to one node. On a cluster they are sharded: it hears what is published in the node's slots. */
import { once } from "node:events";
import { Redis } from "ioredis";
import { connectionOptions, reconnectDelayMs } from "./connect.ts";
import type { RedisNode, RedisTarget } from "./redis-url.ts";

const CONNECT_TIMEOUT_MS = 2_000;
/** For as many channels as a restart makes it subscribe at once. */
const SUBSCRIBE_TIMEOUT_MS = 5_000;
const MOVED = /^MOVED \d+ (.*):(\d+)$/;

/** The connection ended while a subscription was under way. */
export class LinkBrokenError extends Error {}

export interface LinkEvents {
  onMessage: (channel: string, bytes: Buffer) => void;
  /** It can subscribe (again). */
  onReady: () => void;
  onClose: () => void;
  /** The node ended subscriptions by itself: their slot is another's now. */
  onMoved: () => void;
}

export class SubscriberLink {
  readonly node: RedisNode;
  readonly redis: Redis;
  readonly #isSharded: boolean;
  readonly #inFlight = new Set<(error: LinkBrokenError) => void>();
  #connecting: Promise<void> | undefined;

  constructor(target: RedisTarget, node: RedisNode, name: string, events: LinkEvents) {
    this.node = node;
    this.#isSharded = target.kind === "cluster";
    const options = {
      ...connectionOptions(target, `${name}-sub`),
      commandTimeout: SUBSCRIBE_TIMEOUT_MS,
      enableOfflineQueue: false,
      autoResubscribe: false,
      retryStrategy: reconnectDelayMs,
    };
    this.redis = target.kind === "node" ? new Redis(target.url, options) : new Redis({ ...options, ...node });
    // As bytes: a listener for text would turn every publication of every room into text.
    this.redis.on(this.#isSharded ? "smessageBuffer" : "messageBuffer", (channel: Buffer, bytes: Buffer) =>
      events.onMessage(channel.toString("latin1"), bytes),
    );
    this.redis.on("ready", events.onReady);
    this.redis.on("close", () => {
      for (const reject of this.#inFlight) reject(new LinkBrokenError("the subscription connection broke"));
      events.onClose();
    });
    this.redis.on("moved", events.onMoved);
  }

  /** A connection that the other side has ended says that it is ready until that is noticed. */
  get isReady(): boolean {
    return this.redis.status === "ready" && this.redis.stream.writable;
  }

  /** Resolves once it can subscribe; rejects where that takes more than 2 s, it goes on trying then. */
  connect(): Promise<void> {
    if (this.isReady) return Promise.resolve();
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<void> {
    if (this.redis.status === "wait") await this.redis.connect();
    if (!this.isReady) await once(this.redis, "ready", { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
  }

  /** Channels of one slot. Resolves once they are heard, or with the node that has the slot. Rejects where that is unknown, with a LinkBrokenError at once where the connection ends. */
  async subscribe(channels: readonly string[]): Promise<RedisNode | undefined> {
    try {
      await this.#unlessBroken(this.#isSharded ? this.redis.ssubscribe(...channels) : this.redis.subscribe(...channels));
      return undefined;
    } catch (error) {
      const [, host, port] = MOVED.exec(error instanceof Error ? error.message : "") ?? [];
      if (host === undefined) throw error;
      // A node that does not know its own address says none: it is where this one is.
      return { host: host === "" ? this.node.host : host, port: Number(port) };
    }
  }

  /** ioredis drops what was under way when a connection ended: that would be known by its time-out alone. */
  async #unlessBroken(command: Promise<unknown>): Promise<void> {
    const { promise: broken, reject } = Promise.withResolvers<never>();
    this.#inFlight.add(reject);
    try {
      await Promise.race([command, broken]);
    } finally {
      this.#inFlight.delete(reject);
    }
  }

  /** What is subscribed after this on the same link comes after it. */
  unsubscribe(channel: string): void {
    if (!this.isReady) return;
    (this.#isSharded ? this.redis.sunsubscribe(channel) : this.redis.unsubscribe(channel)).catch(() => undefined);
  }

  /** Those that the node has not ended by itself. */
  get channels(): ReadonlySet<string> {
    const subscribed = this.redis.condition?.subscriber;
    return new Set(subscribed ? subscribed.channels(this.#isSharded ? "ssubscribe" : "subscribe") : []);
  }

  /** Ends the connection; with `again` another one follows. */
  disconnect(again = false): void {
    this.redis.disconnect(again);
  }
}
