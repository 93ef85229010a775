/** Dead letters: accepted events that Postgres will not take, kept as bytes under their id. */
import { isRoomName } from "@drawchat/protocol/ids";
import type { Selectable } from "kysely";
import type pg from "pg";
import type { DeadLetter } from "./batch-rows.ts";
import { sqlState } from "./postgres-errors.ts";
import type { DeadLettersTable } from "./tables.ts";

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

export interface StoredDeadLetter extends DeadLetter {
  readonly createdAt: Date;
}

/** The oldest by event id, `limit` at most, behind the id `after`; `ids` instead picks these. */
export async function listDeadLetters(
  pool: pg.Pool,
  { after = 0, limit = 100, ids }: { after?: number; limit?: number; ids?: readonly number[] },
): Promise<StoredDeadLetter[]> {
  const { rows } = await pool.query<Selectable<DeadLettersTable>>(
    `SELECT * FROM dead_letters WHERE event_id > $1 AND ($3::bigint[] IS NULL OR event_id = ANY($3::bigint[])) ORDER BY event_id LIMIT $2`,
    [after, limit, ids ?? null],
  );
  return rows.map((row) => ({
    origin: {
      id: row.event_id,
      room: isRoomName(row.room) ? row.room : "",
      kind: row.kind,
      userId: row.user_id,
      clientId: row.client_id,
      body: row.body,
    },
    code: row.error_code,
    error: row.error,
    createdAt: row.created_at,
  }));
}

/** Resolves with how many there were. */
export async function deleteDeadLetters(pool: pg.Pool, ids: readonly number[]): Promise<number> {
  const { rowCount } = await pool.query("DELETE FROM dead_letters WHERE event_id = ANY($1::bigint[])", [ids]);
  return rowCount ?? 0;
}

function clean(text: string): string {
  return text.replaceAll("\0", "").slice(0, MAX_ERROR_CHARS);
}
