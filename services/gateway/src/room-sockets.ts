/** The sockets of one room on this gateway: two topics, one per wire version, and who is behind them. */
import type { RoomName } from "@drawchat/protocol/ids";
import type { Connection } from "./connection.ts";

export type PublishToTopic = (topic: string, bytes: Buffer | string) => void;

export class RoomSockets {
  readonly topicV1: string;
  readonly topicV2: string;
  readonly connections = new Set<Connection>();
  readonly #publish: PublishToTopic;
  readonly #users = new Map<number, number>();
  #v1 = 0;

  constructor(room: RoomName, publish: PublishToTopic) {
    this.topicV1 = `${room}/1`;
    this.topicV2 = `${room}/2`;
    this.#publish = publish;
  }

  get countV1(): number {
    return this.#v1;
  }

  get countV2(): number {
    return this.connections.size - this.#v1;
  }

  /** Distinct users: someone with two tabs is one viewer. */
  get viewers(): number {
    return this.#users.size;
  }

  get userIds(): Iterable<number> {
    return this.#users.keys();
  }

  add(connection: Connection, userId: number): void {
    this.connections.add(connection);
    if (connection.version === 1) this.#v1 += 1;
    this.#users.set(userId, (this.#users.get(userId) ?? 0) + 1);
  }

  /** True where it was the user's last one. */
  remove(connection: Connection, userId: number): boolean {
    if (!this.connections.delete(connection)) return false;
    if (connection.version === 1) this.#v1 -= 1;
    const left = (this.#users.get(userId) ?? 0) - 1;
    if (left > 0) this.#users.set(userId, left);
    else this.#users.delete(userId);
    return left <= 0;
  }

  *ofUser(userId: number): Iterable<Connection> {
    if (!this.#users.has(userId)) return;
    for (const connection of this.connections) if (connection.userId === userId) yield connection;
  }

  publishV1(bytes: Buffer | string): void {
    if (this.#v1 > 0) this.#publish(this.topicV1, bytes);
  }

  publishV2(bytes: Buffer | string): void {
    if (this.countV2 > 0) this.#publish(this.topicV2, bytes);
  }
}
