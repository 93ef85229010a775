/** One transaction on a connection of its own, and savepoints inside it that find the rows at fault. */
import type pg from "pg";
import { isDataError } from "./postgres-errors.ts";

/**
 * Begins, runs, commits. Where anything fails, the connection is thrown away and the server rolls back by itself: a
 * ROLLBACK on a connection that hangs would wait a second time, and one that timed out is out of step for good.
 * A COMMIT that fails may have happened all the same.
 */
export async function inTransaction<T>(pool: pg.Pool, body: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("BEGIN");
    const result = await body(client);
    // A COMMIT of a failed transaction succeeds, and answers ROLLBACK.
    const { command } = await client.query("COMMIT");
    if (command !== "COMMIT") throw new Error(`the transaction ended with ${command}`);
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
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
