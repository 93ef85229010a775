/**
 * Finds a dead subscription: a TCP connection may look open while nothing comes through it any more, and a quiet room
 * would not tell. The gateway rings its own bells every 5 s; one that does not ring within 2 s ends the connection it hangs
 * on, whose successor brings every room up to date. On a cluster each partition has a bell: they hang on several nodes.
 */
import { PARTITIONS } from "@drawchat/protocol/ids";
import { publish } from "@drawchat/redis/commands";
import { isReady, type RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import type { Subscriber } from "@drawchat/redis/subscriber";
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";

const PROBE_MS = 5_000;
const ANSWER_MS = 2_000;

export interface SubscriptionProbeOptions {
  redis: RedisClient;
  subscriber: Subscriber;
  gatewayId: string;
  log: Log;
  onDead: () => void;
  probeMs?: number;
  answerMs?: number;
}

export class SubscriptionProbe {
  readonly #options: SubscriptionProbeOptions;
  /** By channel: the number that it rang with last. */
  readonly #heard = new Map<string, number>();
  readonly #stopped = new AbortController();
  #rung = 0;

  constructor(options: SubscriptionProbeOptions) {
    this.#options = options;
    const bells = options.subscriber.isSharded ? PARTITIONS : 1;
    for (let partition = 0; partition < bells; partition += 1) this.#heard.set(keys.probe(options.gatewayId, partition), 0);
  }

  async start(): Promise<void> {
    const { subscriber } = this.#options;
    const listen = (channel: string) =>
      subscriber.subscribe(channel, { onMessage: (bytes) => this.#heard.set(channel, Number(bytes.toString("latin1"))) });
    await Promise.all([...this.#heard.keys()].map(listen));
    void this.#run();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #run(): Promise<void> {
    const { subscriber, log, onDead, probeMs = PROBE_MS, answerMs = ANSWER_MS } = this.#options;
    while (!this.#stopped.signal.aborted) {
      await sleep(probeMs, this.#stopped.signal);
      const rung = await this.#ring();
      if (rung.length === 0) continue;
      await sleep(answerMs, this.#stopped.signal);
      if (this.#stopped.signal.aborted) return;
      const dumb = rung.filter((channel) => this.#heard.get(channel) !== this.#rung && subscriber.isHeard(channel));
      if (dumb.length === 0) continue;
      log.warn({ component: "live_chat" }, "the subscription is dead, connecting again");
      onDead();
      for (const channel of dumb) subscriber.renew(channel);
    }
  }

  /** The bells that rang. There is nothing to learn where Redis is away, or the subscription is known to be. */
  async #ring(): Promise<string[]> {
    const { redis, subscriber } = this.#options;
    if (!isReady(redis)) return [];
    this.#rung += 1;
    const channels = [...this.#heard.keys()].filter((channel) => subscriber.isHeard(channel));
    const rings = await Promise.allSettled(channels.map((channel) => publish(redis, channel, String(this.#rung))));
    // Where that failed it is unknown whether it rang; the next one tells.
    return channels.filter((_, i) => rings[i]?.status === "fulfilled");
  }
}
