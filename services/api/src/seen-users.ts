/** The rows of those who call, as their tokens make them: kept so shortly that a deactivated user is out in 2 s everywhere. */
import type { Db } from "@drawchat/db/connect";
import type { UserRow } from "@drawchat/db/tables";
import { seeUser, type TokenUser } from "@drawchat/db/users";
import { Lru } from "@drawchat/runtime/lru";

const FRESH_MS = 2_000;
const MAX_USERS = 20_000;

interface Seen {
  token: TokenUser;
  row: UserRow;
  atMs: number;
}

export class SeenUsers {
  readonly #db: Db;
  readonly #seen = new Lru<number, Seen>(MAX_USERS);
  #changes = 0;

  constructor(db: Db) {
    this.#db = db;
  }

  /** The row after this token was seen, at most 2 s old. Rejects where Postgres is away. */
  async see(token: TokenUser): Promise<UserRow> {
    const atMs = performance.now();
    const seen = this.#seen.get(token.userId);
    if (seen !== undefined && atMs - seen.atMs < FRESH_MS && isSame(seen.token, token)) return seen.row;
    const changes = this.#changes;
    const row = await seeUser(this.#db, token);
    // What was read while a user was changed may be from before.
    if (changes === this.#changes) this.#seen.set(token.userId, { token, row, atMs });
    return row;
  }

  /** After a change of the user's row: the next call reads it anew. */
  forget(userId: number): void {
    this.#changes += 1;
    this.#seen.delete(userId);
  }
}

function isSame(one: TokenUser, other: TokenUser): boolean {
  return one.username === other.username && one.profilePic === other.profilePic && one.role === other.role;
}
