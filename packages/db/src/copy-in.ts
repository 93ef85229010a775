/**
 * Rows by `COPY … FROM STDIN`: what Postgres takes cheapest, with neither parameters nor arrays to read. It knows no ON CONFLICT:
 * all rows go in, or none does.
 */
import pg from "pg";

interface CopyConnection {
  sendCopyFromChunk(bytes: Buffer): void;
  endCopyFrom(): void;
}

/** Answers the server's call for the rows; the rest is as of any query. */
class CopyQuery extends pg.Query {
  readonly #bytes: Buffer;

  constructor(sql: string, bytes: Buffer, callback: (error: Error | undefined) => void) {
    super(sql, callback);
    this.#bytes = bytes;
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(this.#bytes);
    connection.endCopyFrom();
  }
}

/**
 * `sql` holds one COPY in text format, and may hold statements without parameters around it: one round trip for all. A line a
 * row, with its newline.
 */
export async function copyIn(client: pg.PoolClient, sql: string, lines: readonly string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    client.query(new CopyQuery(sql, Buffer.from(lines.join("")), (error) => (error ? reject(error) : resolve())));
  });
}

const SPECIAL = /[\\\t\n\r]/;
const ESCAPED: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** A column of a line, which are separated by tabs. Numbers and booleans stand as they are. */
export function copyText(value: string | null): string {
  if (value === null) return "\\N";
  return SPECIAL.test(value) ? value.replaceAll(/[\\\t\n\r]/g, (one) => ESCAPED[one] ?? one) : value;
}
