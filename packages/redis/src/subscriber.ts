/**
 * Subscriptions, of one node or of a cluster. A channel is heard through a link to the node that has its slot; where a
 * link breaks or a slot moves, the channel is subscribed again by itself, and its owner told that there may be a hole.
 *
 * Channels of one hash tag are a group: they move together. An entry's states and moves:
 *   new      subscribed by its owner, not confirmed           → heard, or forgotten where that fails
 *   heard    confirmed by the group's link                    → lost (the link broke, the slot moved)
 *   lost     being subscribed again until that has worked     → heard (`onRestored`)
 *
 * Who has a slot is learned from the nodes' own answers (MOVED). ioredis's sharded subscribers are not used: they tell that
 * a channel is heard again before it is, and give up in silence where it is not.
 */
import { sleep } from "@drawchat/runtime/backoff";
import type { Log } from "@drawchat/runtime/log";
import { reasonOf, watched } from "./connect.ts";
import { parseRedisUrl, type RedisNode, type RedisTarget } from "./redis-url.ts";
import { LinkBrokenError, SubscriberLink } from "./subscriber-link.ts";

const MAX_HOPS = 5;
/** Between two attempts to hear again what is lost. */
const RETRY_MS = 250;
/** Attempts after which it is worth a line. */
const ALARMING_ATTEMPTS = 20;

export interface Subscription {
  onMessage: (bytes: Buffer) => void;
  /** It is heard again; what was published meanwhile may be lost. */
  onRestored?: () => void;
}

interface Entry {
  readonly subscription: Subscription;
  state: "new" | "heard" | "lost";
}

interface Group {
  readonly channels: Map<string, Entry>;
  link: SubscriberLink | undefined;
  settling: Promise<void> | undefined;
}

export class Subscriber {
  readonly #target: RedisTarget;
  readonly #name: string;
  readonly #log: Log;
  readonly #links = new Map<string, SubscriberLink>();
  readonly #groups = new Map<string, Group>();
  readonly #entries = new Map<string, Entry>();
  readonly #stopped = new AbortController();
  #recovering: Promise<void> | undefined;

  constructor(url: string, name: string, log: Log) {
    this.#target = parseRedisUrl(url);
    this.#name = name;
    this.#log = log;
  }

  /** Rejects where no node can be reached. */
  async connect(): Promise<void> {
    const links = this.#seeds.map((seed) => this.#linkTo(seed));
    try {
      await Promise.any(links);
    } catch (error) {
      this.disconnect();
      throw error instanceof AggregateError ? error.errors[0] : error;
    }
  }

  disconnect(): void {
    this.#stopped.abort();
    for (const link of this.#links.values()) link.disconnect();
  }

  /** True on a cluster, where each node is heard through a connection of its own. */
  get isSharded(): boolean {
    return this.#target.kind === "cluster";
  }

  /** True while anything can be subscribed. */
  get isReady(): boolean {
    return this.#readyLink !== undefined;
  }

  /** Whether the channel is heard now. */
  isHeard(channel: string): boolean {
    return this.#entries.get(channel)?.state === "heard";
  }

  /**
   * Resolves once the channel is heard. Rejects where that is not known now; then it is not subscribed. A channel has one
   * subscription: a later one takes its place.
   */
  async subscribe(channel: string, subscription: Subscription): Promise<void> {
    const group = this.#groupOf(channel);
    const entry: Entry = { subscription, state: "new" };
    group.channels.set(channel, entry);
    this.#entries.set(channel, entry);
    try {
      while (entry.state !== "heard" && group.channels.get(channel) === entry) await this.#settle(group);
    } catch (error) {
      if (group.channels.get(channel) === entry) this.unsubscribe(channel);
      throw error;
    }
  }

  unsubscribe(channel: string): void {
    const group = this.#groupOf(channel);
    const entry = group.channels.get(channel);
    group.channels.delete(channel);
    this.#entries.delete(channel);
    // One that is under way is ended when it is confirmed.
    if (entry?.state === "heard") group.link?.unsubscribe(channel);
  }

  /** Ends the connection that the channel is heard through, for another one to follow. */
  renew(channel: string): void {
    const { link } = this.#groupOf(channel);
    if (link?.isReady) link.disconnect(true);
  }

  get #seeds(): RedisNode[] {
    return this.#target.kind === "cluster" ? this.#target.nodes : [this.#target.node];
  }

  get #readyLink(): SubscriberLink | undefined {
    return [...this.#links.values()].find((link) => link.isReady);
  }

  #groupOf(channel: string): Group {
    const tag = /\{([^}]+)\}/.exec(channel)?.[1] ?? channel;
    let group = this.#groups.get(tag);
    if (group === undefined) {
      group = { channels: new Map(), link: undefined, settling: undefined };
      this.#groups.set(tag, group);
    }
    return group;
  }

  /** One at a time a group: what comes meanwhile goes along with the next. */
  #settle(group: Group): Promise<void> {
    group.settling ??= this.#settleOnce(group).finally(() => {
      group.settling = undefined;
    });
    return group.settling;
  }

  /** Subscribes what is not heard, at the node that has the group's slot. */
  async #settleOnce(group: Group): Promise<void> {
    for (let hop = 0; hop < MAX_HOPS; hop += 1) {
      const link = group.link?.isReady ? group.link : this.#readyLink;
      if (link === undefined) throw new Error("the subscription connection is away");
      const waiting = [...group.channels].filter(([, entry]) => entry.state !== "heard");
      if (waiting.length === 0) return;
      const owner = await subscribeAgain(
        link,
        waiting.map(([channel]) => channel),
      );
      if (owner === undefined) return this.#noteHeard(group, link, waiting);
      noteLost(group);
      group.link = await this.#linkTo(owner);
      this.#dropUnusedLinks();
    }
    throw new Error("the slot of a subscription is on its way from node to node");
  }

  #noteHeard(group: Group, link: SubscriberLink, confirmed: readonly (readonly [string, Entry])[]): void {
    group.link = link;
    for (const [channel, entry] of confirmed) {
      const wasLost = entry.state === "lost";
      entry.state = "heard";
      const current = group.channels.get(channel);
      if (current === undefined) link.unsubscribe(channel);
      else if (current === entry && wasLost) entry.subscription.onRestored?.();
    }
  }

  async #linkTo(node: RedisNode): Promise<SubscriberLink> {
    const address = `${node.host}:${node.port}`;
    let link = this.#links.get(address);
    if (link === undefined) {
      link = this.#createLink(node);
      this.#links.set(address, link);
    }
    await link.connect();
    return link;
  }

  #createLink(node: RedisNode): SubscriberLink {
    let isMoveNoted = false;
    const link: SubscriberLink = new SubscriberLink(this.#target, node, this.#name, {
      onMessage: (channel, bytes) => this.#entries.get(channel)?.subscription.onMessage(bytes),
      onReady: () => this.#onReady(),
      onClose: () => this.#onClose(link),
      // One for each channel of the slot: they are looked at together.
      onMoved: () => {
        if (isMoveNoted) return;
        isMoveNoted = true;
        setImmediate(() => {
          isMoveNoted = false;
          this.#onMoved(link);
        });
      },
    });
    watched(link.redis, `${this.#name}-sub`, this.#log);
    return link;
  }

  #onReady(): void {
    // Now, and not with the next attempt; one that fails is tried again by those.
    for (const group of this.#groups.values()) if (isLost(group)) this.#settle(group).catch(() => undefined);
    this.#recover();
  }

  #onClose(link: SubscriberLink): void {
    for (const group of this.#groups.values()) if (group.link === link) noteLost(group);
    this.#recover();
  }

  #onMoved(link: SubscriberLink): void {
    const left = link.channels;
    for (const group of this.#groups.values()) if (group.link === link) noteLost(group, (channel) => !left.has(channel));
    this.#recover();
  }

  /** Nodes come and go: one that nothing is heard through is not connected to for ever. */
  #dropUnusedLinks(): void {
    const used = new Set([...this.#groups.values()].map((group) => group.link));
    for (const [address, link] of this.#links) {
      if (used.has(link) || link.isReady) continue;
      this.#links.delete(address);
      link.disconnect();
    }
  }

  #recover(): void {
    this.#recovering ??= this.#recoverAll().finally(() => {
      this.#recovering = undefined;
    });
  }

  /** Until nothing is lost. Never rejects. */
  async #recoverAll(): Promise<void> {
    const { signal } = this.#stopped;
    for (let attempts = 1; !signal.aborted; attempts += 1) {
      const lost = [...this.#groups.values()].filter(isLost);
      if (lost.length === 0) return;
      // The nodes that are known may all be gone for good.
      if (!this.isReady) await Promise.allSettled(this.#seeds.map((seed) => this.#linkTo(seed)));
      const results = await Promise.allSettled(lost.map((group) => this.#settle(group)));
      if (!lost.some(isLost)) continue;
      const failed = results.find((result) => result.status === "rejected");
      if (attempts === ALARMING_ATTEMPTS) {
        this.#log.warn({ component: "live_chat", err: { message: reasonOf(failed?.reason) } }, "channels are not heard again, retrying");
      }
      await sleep(RETRY_MS, signal);
    }
  }
}

/** As `link.subscribe`, and once more where the connection just broke: somebody may be joining. */
async function subscribeAgain(link: SubscriberLink, channels: readonly string[]): Promise<RedisNode | undefined> {
  try {
    return await link.subscribe(channels);
  } catch (error) {
    if (!(error instanceof LinkBrokenError)) throw error;
    await link.connect();
    return await link.subscribe(channels);
  }
}

function isLost(group: Group): boolean {
  return [...group.channels.values()].some((entry) => entry.state === "lost");
}

function noteLost(group: Group, where: (channel: string) => boolean = () => true): void {
  for (const [channel, entry] of group.channels) if (entry.state === "heard" && where(channel)) entry.state = "lost";
}
