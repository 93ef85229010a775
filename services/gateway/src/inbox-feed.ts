/**
 * What is new in users' lists of conversations, from their channels to their sockets: a channel is subscribed while its user
 * has a socket here, that of all agents while one of them has. The frames go out as they came.
 */
import type { InboxStaleFrame } from "@drawchat/protocol/conversations";
import { keys } from "@drawchat/redis/keys";
import type { Subscriber } from "@drawchat/redis/subscriber";
import type { Log } from "@drawchat/runtime/log";
import type { Connection } from "./connection.ts";

const STALE_FRAME = JSON.stringify({ type: "inbox_stale" } satisfies InboxStaleFrame);

interface Channel {
  connections: Set<Connection>;
  subscribed: Promise<unknown>;
}

export class InboxFeed {
  readonly #subscriber: Subscriber;
  readonly #log: Log;
  readonly #channels = new Map<string, Channel>();

  constructor({ subscriber, log }: { subscriber: Subscriber; log: Log }) {
    this.#subscriber = subscriber;
    this.#log = log;
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
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      const subscribed = this.#subscriber.subscribe(name, {
        onMessage: (bytes) => this.#onMessage(name, bytes),
        onRestored: () => this.#onRestored(name),
      });
      channel = { connections: new Set(), subscribed };
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
    this.#subscriber.unsubscribe(name);
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

  /** The agents' channel is heard through the same connection as their own: they are told once, by that. */
  #onRestored(name: string): void {
    if (name === keys.agentsInbox) return;
    for (const connection of this.#channels.get(name)?.connections ?? []) tell(connection, STALE_FRAME);
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
