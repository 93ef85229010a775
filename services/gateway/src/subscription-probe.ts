/**
 * Finds a dead subscription: a TCP connection may look open while nothing comes through it any more, and a quiet room
 * would not tell. The gateway rings its own bell every 5 s; a bell that does not ring within 2 s ends the connection, and
 * its successor brings every room up to date.
 */
import { isReady, type RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";

const PROBE_MS = 5_000;
const ANSWER_MS = 2_000;

export interface SubscriptionProbeOptions {
  redis: RedisClient;
  subscriber: RedisClient;
  gatewayId: string;
  log: Log;
  onDead: () => void;
  probeMs?: number;
  answerMs?: number;
}

export class SubscriptionProbe {
  readonly #options: SubscriptionProbeOptions;
  readonly #channel: string;
  readonly #stopped = new AbortController();
  #heard = 0;
  #rung = 0;
  /** The bell can be heard. A connection that is ready again is not subscribed yet. */
  #isListening = false;

  constructor(options: SubscriptionProbeOptions) {
    this.#options = options;
    this.#channel = keys.probe(options.gatewayId);
  }

  async start(): Promise<void> {
    const { subscriber } = this.#options;
    const channel = Buffer.from(this.#channel);
    subscriber.on("messageBuffer", (from: Buffer, bytes: Buffer) => {
      if (from.equals(channel)) this.#heard = Number(bytes.toString("latin1"));
    });
    subscriber.on("close", () => {
      this.#isListening = false;
    });
    subscriber.on("ready", () => void this.#listen().catch(() => undefined)); // it is gone again: the next one listens
    await this.#listen();
    void this.#run();
  }

  async #listen(): Promise<void> {
    await this.#options.subscriber.subscribe(this.#channel);
    this.#isListening = true;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { redis, subscriber, log, onDead, probeMs = PROBE_MS, answerMs = ANSWER_MS } = this.#options;
    while (!this.#stopped.signal.aborted) {
      await sleep(probeMs, this.#stopped.signal);
      if (!(await this.#ring(redis))) continue;
      await sleep(answerMs, this.#stopped.signal);
      if (this.#stopped.signal.aborted || this.#heard === this.#rung || !isReady(subscriber)) continue;
      log.warn({ component: "live_chat" }, "the subscription is dead, connecting again");
      onDead();
      subscriber.disconnect(true);
    }
  }

  /** False where there is nothing to learn: Redis is away, or the subscription is known to be. */
  async #ring(redis: RedisClient): Promise<boolean> {
    if (!isReady(redis) || !this.#isListening) return false;
    this.#rung += 1;
    try {
      await redis.publish(this.#channel, String(this.#rung));
      return true;
    } catch {
      this.#heard = this.#rung; // unknown whether it rang; the next one tells
      return false;
    }
  }
}
