/**
 * A Redis Cluster of our own on 127.0.0.1: nodes without replicas that share the slots evenly, from the same program and
 * with the same settings as a single one. Its orders go to the nodes directly, no redis-cli is needed.
 */
import { join } from "node:path";
import { sleep } from "@drawchat/runtime/backoff";
import { Redis } from "ioredis";
import { freePort } from "./ports.ts";
import { type LocalRedis, startRedis } from "./redis.ts";

const SLOTS = 16_384;
const NODES = 3;
const AGREE_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
const KEYS_A_MOVE = 100;
const MOVE_TIMEOUT_MS = 5_000;

export interface RedisClusterOptions {
  /** Its folder: each node's is in it. */
  dir: string;
  /** Default 3. */
  nodes?: number;
  /** More settings for every node. */
  settings?: Readonly<Record<string, string>>;
  onLine?: (line: string) => void;
}

/** Starts the nodes and resolves once they agree that every slot is served. */
export async function startRedisCluster(options: RedisClusterOptions): Promise<LocalRedisCluster> {
  const { dir, nodes: count = NODES, settings, onLine } = options;
  const nodes: LocalRedis[] = [];
  const busPorts: number[] = [];
  try {
    for (let n = 1; n <= count; n += 1) {
      // The nodes' own bus: by default 10,000 above the port, where outgoing connections are.
      const busPort = await freePort();
      busPorts.push(busPort);
      const all = { ...CLUSTER_SETTINGS, "cluster-port": String(busPort), ...settings };
      nodes.push(await startRedis({ dir: join(dir, `node-${n}`), port: await freePort(), settings: all, ...(onLine ? { onLine } : {}) }));
    }
    const cluster = new LocalRedisCluster(nodes);
    await cluster.join(busPorts);
    return cluster;
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()));
    throw error;
  }
}

const CLUSTER_SETTINGS = {
  "cluster-enabled": "yes",
  "cluster-node-timeout": "2000",
  // A node that is away takes its own slots with it, not everybody's.
  "cluster-require-full-coverage": "no",
};

export class LocalRedisCluster {
  readonly nodes: readonly LocalRedis[];
  /** As REDIS_URL names it. */
  readonly url: string;

  constructor(nodes: readonly LocalRedis[]) {
    this.nodes = nodes;
    this.url = `redis-cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  }

  /** Deals the slots out and makes the nodes known to each other. For nodes that are new. */
  async join(busPorts: readonly number[]): Promise<void> {
    await this.#ask(async (orders) => {
      const share = Math.ceil(SLOTS / orders.length);
      await Promise.all(
        orders.map(async (order, i) => {
          await order.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
          await order.call("CLUSTER", "ADDSLOTSRANGE", i * share, Math.min((i + 1) * share, SLOTS) - 1);
        }),
      );
      for (const [i, { port }] of this.nodes.entries()) {
        if (i > 0) await orders[0]?.call("CLUSTER", "MEET", "127.0.0.1", port, busPorts[i] ?? 0);
      }
    });
    await this.agree();
  }

  /** Resolves once every node sees all of them and all slots served. */
  async agree(): Promise<void> {
    const deadline = performance.now() + AGREE_TIMEOUT_MS;
    while (!(await this.#isAgreed().catch(() => false))) {
      if (performance.now() > deadline) throw new Error("the nodes of the Redis cluster do not agree");
      await sleep(POLL_MS);
    }
  }

  async #isAgreed(): Promise<boolean> {
    const infos = await this.#ask((orders) => Promise.all(orders.map((order) => order.cluster("INFO"))));
    const wanted = ["cluster_state:ok", `cluster_slots_ok:${SLOTS}`, `cluster_known_nodes:${this.nodes.length}`];
    return infos.every((info) => wanted.every((line) => String(info).split("\r\n").includes(line)));
  }

  /** The slot of a key or channel. */
  async slotOf(key: string): Promise<number> {
    return await this.#ask(async ([order]) => Number(await order?.cluster("KEYSLOT", key)));
  }

  /** Which node has the slot. */
  async ownerOf(slot: number): Promise<number> {
    return await this.#ask(async (orders) => {
      const owners = await Promise.all(orders.map(ownSlots));
      const owner = owners.findIndex((slots) => slots.some(([from, to]) => from <= slot && slot <= to));
      if (owner === -1) throw new Error(`nobody has slot ${slot}`);
      return owner;
    });
  }

  /** Moves a slot with all its keys to another node, as `redis-cli --cluster reshard` does. Resolves once every node knows. */
  async moveSlot(slot: number, to: number): Promise<void> {
    if ((await this.ownerOf(slot)) !== to) await (await this.beginMove(slot, to)).finish();
  }

  /** The first half of it: the slot is on its way, its keys are where they were. */
  async beginMove(slot: number, to: number): Promise<{ finish: () => Promise<void> }> {
    const from = await this.ownerOf(slot);
    await this.#ask(async (orders) => {
      const [source, target] = pick(orders, from, to);
      await target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", await nodeId(source));
      await source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", await nodeId(target));
    });
    const finish = () =>
      this.#ask(async (orders) => {
        const [source, target] = pick(orders, from, to);
        await this.#moveKeys(slot, source, to);
        const targetId = await nodeId(target);
        // The new owner first: a slot that nobody has would be lost to both.
        for (const order of new Set([target, source, ...orders])) await order.call("CLUSTER", "SETSLOT", slot, "NODE", targetId);
      });
    return { finish };
  }

  async #moveKeys(slot: number, source: Redis, to: number): Promise<void> {
    const port = this.nodes[to]?.port ?? 0;
    for (;;) {
      const keys = await source.call("CLUSTER", "GETKEYSINSLOT", slot, KEYS_A_MOVE);
      if (!Array.isArray(keys) || keys.length === 0) return;
      await source.call("MIGRATE", "127.0.0.1", port, "", 0, MOVE_TIMEOUT_MS, "KEYS", ...keys.map(String));
    }
  }

  /** Orderly. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** SIGKILL to all, as a power cut. */
  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }

  /** Starts all again on the same ports and data; resolves once they agree. */
  async start(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()));
    await this.agree();
  }

  /** Suspends all until `resume`. */
  pause(): void {
    for (const node of this.nodes) node.pause();
  }

  resume(): void {
    for (const node of this.nodes) node.resume();
  }

  /** With a connection to each node, closed afterwards. */
  async #ask<T>(question: (orders: readonly Redis[]) => Promise<T>): Promise<T> {
    const orders = this.nodes.map(({ port }) => new Redis({ port, host: "127.0.0.1", retryStrategy: () => null, lazyConnect: true }));
    for (const order of orders) order.on("error", () => undefined); // the command says it
    try {
      return await question(orders);
    } finally {
      for (const order of orders) order.disconnect();
    }
  }
}

function pick(orders: readonly Redis[], from: number, to: number): [source: Redis, target: Redis] {
  const [source, target] = [orders[from], orders[to]];
  if (source === undefined || target === undefined || source === target) throw new Error(`a slot cannot move from node ${from} to ${to}`);
  return [source, target];
}

async function nodeId(order: Redis): Promise<string> {
  return String(await order.cluster("MYID"));
}

/** The ranges of slots that a node says it has. */
async function ownSlots(order: Redis): Promise<[from: number, to: number][]> {
  const own = String(await order.cluster("NODES"))
    .split("\n")
    .find((line) => line.includes("myself"));
  // Slots that are on the way stand in brackets: they are among the ranges too, until they are gone.
  return (own?.trim().split(" ").slice(8) ?? []).flatMap((range): [number, number][] => {
    const [from, to = from] = range.split("-").map(Number);
    return from === undefined || to === undefined || range.startsWith("[") ? [] : [[from, to]];
  });
}
