/**
 * What is new in users' lists of conversations, from their channels to their sockets: a channel is subscribed while its user
 * has a socket here, that of all agents while one of them has. The frames go out as they came.
 */
import type { InboxStaleFrame } from "@drawchat/protocol/conversations";
import { isReady, type RedisClient } from "@drawchat/redis/connect";
import { keys } from "@drawchat/redis/keys";
import type { Log } from "@drawchat/runtime/log";
import type { Connection } from "./connection.ts";

const STALE_FRAME = JSON.stringify({ type: "inbox_stale" } satisfies InboxStaleFrame);

interface Channel {
  connections: Set<Connection>;
  subscribed: Promise<unknown>;
}

export class InboxFeed {
  readonly #subscriber: RedisClient;
  readonly #log: Log;
  readonly #channels = new Map<string, Channel>();

  constructor({ subscriber, log }: { subscriber: RedisClient; log: Log }) {
    this.#subscriber = subscriber;
    this.#log = log;
  }

  start(): void {
    // As bytes: a listener for text would turn every publication of every room into text.
    this.#subscriber.on("messageBuffer", (channel: Buffer, bytes: Buffer) => this.#onMessage(channel.toString("latin1"), bytes));
    this.#subscriber.on("ready", () => void this.#onReady());
  }

  /** Resolves when the socket hears of everything further. Rejects where the subscription is away. */
  async enter(connection: Connection, userId: number, isStaff: boolean): Promise<void> {
    const names = isStaff ? [keys.inbox(userId), keys.agentsInbox] : [keys.inbox(userId)];
    if (!isStaff) this.#leave(keys.agentsInbox, connection);
    await Promise.all(names.map((name) => this.#enter(name, connection)));
  }

  leave(connection: Connection, userId: number): void {
    this.#leave(keys.inbox(userId), connection);
    this.#leave(keys.agentsInbox, connection);
  }

  async #enter(name: string, connection: Connection): Promise<void> {
    if (!isReady(this.#subscriber)) throw new Error("the subscription connection is away");
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = { connections: new Set(), subscribed: this.#subscriber.subscribe(name) };
      this.#channels.set(name, channel);
    }
    channel.connections.add(connection);
    try {
      await channel.subscribed;
    } catch (error) {
      this.#leave(name, connection);
      throw error;
    }
  }

  #leave(name: string, connection: Connection): void {
    const channel = this.#channels.get(name);
    if (channel?.connections.delete(connection) !== true || channel.connections.size > 0) return;
    this.#channels.delete(name);
    // A later subscription of the same channel is sent after this, so the order is right.
    if (isReady(this.#subscriber)) this.#subscriber.unsubscribe(name).catch(() => undefined);
  }

  #onMessage(name: string, bytes: Buffer): void {
    const channel = this.#channels.get(name);
    if (channel === undefined) return;
    if (name === keys.agentsInbox) this.#tellAgents(channel, bytes);
    else for (const connection of channel.connections) tell(connection, bytes);
  }

  #tellAgents({ connections }: Channel, bytes: Buffer): void {
    const notice = parseAgentsNotice(bytes);
    if (notice === undefined) {
      this.#log.error({ component: "websocket" }, "notice to agents not understood");
      return;
    }
    const frame = JSON.stringify(notice.frame);
    for (const connection of connections) {
      if (connection.userId !== undefined && !notice.except.includes(connection.userId)) tell(connection, frame);
    }
  }

  async #onReady(): Promise<void> {
    const names = [...this.#channels.keys()];
    if (names.length === 0) return;
    try {
      await this.#subscriber.subscribe(...names);
      const connections = new Set([...this.#channels.values()].flatMap((channel) => [...channel.connections]));
      for (const connection of connections) tell(connection, STALE_FRAME);
    } catch (error) {
      this.#log.warn({ component: "websocket", err: error }, "inboxes not subscribed again");
    }
  }
}

/** Who was not welcomed yet reads the list afterwards. */
function tell(connection: Connection, frame: Buffer | string): void {
  if (connection.isGreeted) connection.send(frame);
}

function parseAgentsNotice(bytes: Buffer): { except: unknown[]; frame: object } | undefined {
  try {
    const { except, frame }: { except?: unknown; frame?: unknown } = Object(JSON.parse(bytes.toString("utf8")));
    return Array.isArray(except) && typeof frame === "object" && frame !== null ? { except, frame } : undefined;
  } catch {
    return undefined;
  }
}
