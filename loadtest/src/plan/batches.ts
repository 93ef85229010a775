/**
 * How many batches the writer makes of its rows: the arithmetic of services/writer/src/partition-writer.ts. What finds its
 * partition's log empty waits for more to come, and all that is there then is one batch. So a quiet room has a row in each,
 * which costs what the whole batch costs, and a busy one hundreds.
 */

/** The default of WRITER_BATCH_WAIT_MS. */
const GATHER_SECONDS = 0.05;
/** The default of WRITER_BATCH_MAX_ROWS. */
const MAX_ROWS = 500;

/** A second, of rows that come evenly to so many rooms, each in a partition of its own. */
export function batchesOf(rowsPerSecond: number, rooms: number): number {
  if (rowsPerSecond <= 0) return 0;
  const gathered = rooms / (GATHER_SECONDS + rooms / rowsPerSecond);
  return Math.max(gathered, rowsPerSecond / MAX_ROWS);
}
