/** One transaction on a connection of its own, and savepoints inside it that find the rows at fault. */
import type pg from "pg";
import { isDataError } from "./postgres-errors.ts";

/** Begins, runs, commits; what fails is as of `onConnection`. */
export function inTransaction<T>(pool: pg.Pool, body: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return onConnection(pool, async (client) => {
    await client.query("BEGIN");
    const result = await body(client);
    await commit(client);
    return result;
  });
}

/**
 * For a transaction whose body begins and ends it itself. Where anything fails, the connection is thrown away and the server
 * rolls back by itself: a ROLLBACK on a connection that hangs would wait a second time, and one that timed out is out of step
 * for good.
 */
export async function onConnection<T>(pool: pg.Pool, body: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    const result = await body(client);
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** Commits, in one round trip with the `last` statements of the transaction. A COMMIT that fails may have happened all the same. */
export async function commit(client: pg.PoolClient, last: readonly string[] = []): Promise<void> {
  // A COMMIT of a failed transaction succeeds, and answers ROLLBACK.
  const command = (await queryAll(client, [...last, "COMMIT"])).at(-1)?.command;
  if (command !== "COMMIT") throw new Error(`the transaction ended with ${command}`);
}

/**
 * Statements one after the other in one round trip, a result each; the first that fails is the last that ran. They take no
 * parameters: write nothing into them but numbers of ours.
 */
export async function queryAll(client: pg.PoolClient, statements: readonly string[]): Promise<pg.QueryResult[]> {
  const results: pg.QueryResult | pg.QueryResult[] = await client.query(statements.join("; "));
  return Array.isArray(results) ? results : [results];
}

export interface Bisection<Row, Found> {
  rows: readonly Row[];
  /** One statement over these rows; never called with none. */
  statement: (rows: readonly Row[]) => Promise<Found[]>;
  /** Told of each row that Postgres refuses for its data even when it stands alone. */
  onCulprit: (row: Row, error: unknown) => void;
}

/**
 * Runs a statement over all rows; where their data is at fault, over each half, until the culprits stand alone and
 * everything beside them is written. Errors that are not the data's go through.
 */
export async function bisect<Row, Found>(client: pg.PoolClient, bisection: Bisection<Row, Found>): Promise<Found[]> {
  const { rows, statement, onCulprit } = bisection;
  if (rows.length === 0) return [];
  await client.query("SAVEPOINT rows");
  try {
    const found = await statement(rows);
    await client.query("RELEASE SAVEPOINT rows");
    return found;
  } catch (error) {
    if (!isDataError(error)) throw error;
    await client.query("ROLLBACK TO SAVEPOINT rows; RELEASE SAVEPOINT rows");
    const [only] = rows;
    if (rows.length === 1 && only !== undefined) {
      onCulprit(only, error);
      return [];
    }
    const middle = Math.ceil(rows.length / 2);
    const first = await bisect(client, { ...bisection, rows: rows.slice(0, middle) });
    return first.concat(await bisect(client, { ...bisection, rows: rows.slice(middle) }));
  }
}
