/** The Postgres pool and the Kysely handle on it. */
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { Tables } from "./tables.ts";

export type Db = Kysely<Tables>;

export interface DatabaseOptions {
  url: string;
  maxConnections: number;
  applicationName: string;
  /** A statement that takes longer is ended by the server; 0: none is, for migrations. Default 5,000. */
  statementTimeoutMs?: number;
  /** Told of errors on idle connections (a restart of Postgres, say); the pool replaces them by itself. */
  onError: (error: Error) => void;
}

export interface Database {
  db: Db;
  pool: pg.Pool;
  close: () => Promise<void>;
}

const INT8_OID = 20;
const INT8_ARRAY_OID = 1016;

/** Every bigint of ours is below 2^53; one above it is an error here, never a rounded number. */
function parseSafeBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} is beyond 2^53`);
  return value;
}

const types = new pg.TypeOverrides();
types.setTypeParser(INT8_OID, parseSafeBigint);
types.setTypeParser(INT8_ARRAY_OID, (text) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(parseSafeBigint)));

/**
 * Statements end on the server after their time, transactions idle for 5 s too, and the client gives up a second later:
 * a Postgres that hangs never hangs us. Opens no connection by itself.
 */
export function connectDatabase(options: DatabaseOptions): Database {
  const { url, maxConnections, applicationName, statementTimeoutMs = 5_000, onError } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    application_name: applicationName,
    connectionTimeoutMillis: 5_000,
    ...(statementTimeoutMs > 0 ? { query_timeout: statementTimeoutMs + 1_000, statement_timeout: statementTimeoutMs } : {}),
    idle_in_transaction_session_timeout: 5_000,
    options: "-c tcp_user_timeout=10000",
    keepAlive: true,
    types,
  });
  pool.on("error", onError);
  // A client that loses its connection while checked out also emits `error`; unheard, that would end the process.
  pool.on("connect", (client) => client.on("error", onError));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const close = async () => {
    await db.destroy();
    // Kysely ends the pool only where it has used it itself.
    if (!pool.ending) await pool.end();
  };
  return { db, pool, close };
}
