/** One at a time over all processes, for work that is not a transaction: it may wait for somebody outside. */
import type pg from "pg";

/** What is being worked on: the first key of its advisory locks, the second being a conversation. "webh", "bot!" in ASCII. */
export const WORK = { webhooks: 0x77656268, bot: 0x626f7421 } as const;

/**
 * Runs `body` while no other process works on the same conversation; `locked` where one does. The lock lives as long as
 * its connection, so that one who was killed holds up nobody. `body` gets that connection, outside of any transaction.
 */
export async function withWorkLock<T>(
  pool: pg.Pool,
  { work, conversationId }: { work: number; conversationId: number },
  body: (client: pg.PoolClient) => Promise<T>,
): Promise<T | "locked"> {
  const key = [work, conversationId % 2 ** 31]; // two that share a key take turns, no more
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ locked: boolean }>("SELECT pg_try_advisory_lock($1::int, $2::int) AS locked", key);
    return rows[0]?.locked === true ? await body(client) : "locked";
  } finally {
    await giveBack(client);
  }
}

/** Without the lock, or not at all: a connection that is thrown away takes the lock with it. */
async function giveBack(client: pg.PoolClient): Promise<void> {
  try {
    await client.query("SELECT pg_advisory_unlock_all()");
    client.release();
  } catch {
    client.release(true);
  }
}
