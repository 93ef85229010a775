/** Whose sockets are whose on this gateway: a user has at most so many, the newest win. */
import { Connection } from "./connection.ts";

export class UserSockets {
  readonly #maxPerUser: number;
  /** Nearly everybody has one: a list of each one would be a tenth of an idle socket. */
  readonly #byUser = new Map<number, Connection | readonly Connection[]>();

  constructor(maxPerUser: number) {
    this.#maxPerUser = maxPerUser;
  }

  /** Ends the user's oldest socket where this one is over the limit. */
  add(connection: Connection, userId: number): void {
    const connections = [...this.of(userId), connection];
    this.#set(userId, connections);
    if (connections.length > this.#maxPerUser) connections[0]?.end("replaced");
  }

  remove(connection: Connection, userId: number): void {
    this.#set(
      userId,
      this.of(userId).filter((other) => other !== connection),
    );
  }

  of(userId: number): readonly Connection[] {
    const connections = this.#byUser.get(userId);
    if (connections === undefined) return [];
    return connections instanceof Connection ? [connections] : connections;
  }

  /** Ends every socket of a user. */
  end(userId: number, code: number, reason: string): void {
    for (const connection of this.of(userId)) connection.endWith(code, reason);
  }

  #set(userId: number, connections: readonly Connection[]): void {
    const [only] = connections;
    if (only === undefined) this.#byUser.delete(userId);
    else this.#byUser.set(userId, connections.length === 1 ? only : connections);
  }
}
