/** What an error of Postgres means for the one who asked: the rows are at fault, or the moment is. */
import pg from "pg";

/** The SQLSTATE, or undefined where the error is not one that Postgres sent (a lost connection, a time-out of ours). */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/**
 * What a log line may say of an error. Not the error itself: Postgres puts the values of a row into `detail` and
 * `where`, and texts of users stay out of logs.
 */
export function describeError(error: unknown): { message: string; code?: string; stack?: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const code = sqlState(error);
  return { message: error.message, ...(code === undefined ? {} : { code }), ...(error.stack === undefined ? {} : { stack: error.stack }) };
}

/**
 * True where trying again cannot help, because the data is what Postgres will not take: 22 (bad values), 23 (broken
 * constraints) but not 23505, which two writers can meet by chance, and 54 (too large). Everything else, the unknown
 * above all, is a matter of time: keep the rows and try again.
 */
export function isDataError(error: unknown): boolean {
  const code = sqlState(error);
  if (code === undefined || code === "23505") return false;
  return code.startsWith("22") || code.startsWith("23") || code.startsWith("54");
}

/** True where a row of that key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlState(error) === "23505";
}
