/** Whose sockets are whose on this gateway: a user has at most so many, the newest win. */
import type { Connection } from "./connection.ts";

export class UserSockets {
  readonly #maxPerUser: number;
  readonly #byUser = new Map<number, Connection[]>();

  constructor(maxPerUser: number) {
    this.#maxPerUser = maxPerUser;
  }

  /** Ends the user's oldest socket where this one is over the limit. */
  add(connection: Connection, userId: number): void {
    const connections = this.#byUser.get(userId);
    if (connections === undefined) {
      this.#byUser.set(userId, [connection]);
      return;
    }
    connections.push(connection);
    if (connections.length > this.#maxPerUser) connections[0]?.end("replaced");
  }

  remove(connection: Connection, userId: number): void {
    const left = (this.#byUser.get(userId) ?? []).filter((other) => other !== connection);
    if (left.length === 0) this.#byUser.delete(userId);
    else this.#byUser.set(userId, left);
  }

  of(userId: number): readonly Connection[] {
    return this.#byUser.get(userId) ?? [];
  }

  /** Ends every socket of a user. */
  end(userId: number, code: number, reason: string): void {
    for (const connection of [...(this.#byUser.get(userId) ?? [])]) connection.endWith(code, reason);
  }
}
