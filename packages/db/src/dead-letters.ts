/** Dead letters: accepted events that Postgres will not take, kept as bytes under their id. */
import type pg from "pg";
import type { DeadLetter } from "./batch-rows.ts";
import { sqlState } from "./postgres-errors.ts";

const MAX_ERROR_CHARS = 1_000;

/** The dead letter of a row that Postgres refused. Only its message: the detail would quote the text. */
export function refusedByPostgres(origin: DeadLetter["origin"], error: unknown): DeadLetter {
  return { origin, code: sqlState(error) ?? "unknown", error: error instanceof Error ? error.message : String(error) };
}

/** Writes them, each at most once by its event id. Text columns are cleaned, so that this cannot fail for its data. */
export async function insertDeadLetters(client: pg.Pool | pg.PoolClient, letters: readonly DeadLetter[]): Promise<number[]> {
  if (letters.length === 0) return [];
  const { rows } = await client.query<{ event_id: number }>(
    `INSERT INTO dead_letters (event_id, room, kind, user_id, client_id, body, error_code, error)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bytea[], $7::text[], $8::text[])
     ORDER BY 1
     ON CONFLICT DO NOTHING
     RETURNING event_id`,
    [
      letters.map(({ origin }) => origin.id),
      letters.map(({ origin }) => origin.room),
      letters.map(({ origin }) => clean(origin.kind)),
      letters.map(({ origin }) => (Number.isSafeInteger(origin.userId) ? origin.userId : 0)),
      letters.map(({ origin }) => clean(origin.clientId)),
      letters.map(({ origin }) => origin.body),
      letters.map(({ code }) => clean(code)),
      letters.map(({ error }) => clean(error)),
    ],
  );
  return rows.map((row) => row.event_id);
}

function clean(text: string): string {
  return text.replaceAll("\0", "").slice(0, MAX_ERROR_CHARS);
}
