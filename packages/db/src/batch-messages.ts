/** Messages of a batch: insert what is new, tell what is not, apply deletes. */
import { idCreatedAt } from "@drawchat/protocol/ids";
import type pg from "pg";
import type { DeleteToStore, MessageToStore, Origin } from "./batch-rows.ts";
import { copyIn, copyText } from "./copy-in.ts";
import { isDataError, isUniqueViolation } from "./postgres-errors.ts";
import { bisect } from "./transaction.ts";

const COLUMNS =
  "id, session_id, user_id, client_id, username, profile_pic, message, message_type, is_winner, is_host, created_at, last_event_id";

// In a savepoint, so that the transaction goes on where it fails.
const COPY = `SAVEPOINT copied; COPY live_chat_messages (${COLUMNS}) FROM STDIN; RELEASE SAVEPOINT copied`;

// Arrays, not VALUES lists: a statement counts its parameters in 16 bits, and wraps. Sorted: two writers that meet on
// the same rows then wait for each other instead of deadlocking.
const INSERT = `
  INSERT INTO live_chat_messages (${COLUMNS})
  SELECT id, session_id, user_id, client_id, username, profile_pic, message, message_type, is_winner, is_host, created_at, id
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::boolean[], $10::boolean[], $11::timestamptz[])
    AS m (id, session_id, user_id, client_id, username, profile_pic, message, message_type, is_winner, is_host, created_at)
  ORDER BY id
  ON CONFLICT DO NOTHING
  RETURNING id`;

/**
 * Inserts, sorted by id; resolves with the ids of the rows that were not there before. First as if all were new and sound, as
 * nearly always they are: a third cheaper. Where Postgres refuses that, with a look at each; `onCulprit` as of `bisect`.
 */
export async function insertMessages(
  client: pg.PoolClient,
  messages: readonly MessageToStore[],
  onCulprit: (message: MessageToStore, error: unknown) => void,
): Promise<number[]> {
  if (messages.length === 0) return [];
  try {
    await copyIn(client, COPY, messages.map(copyLineOf));
    return messages.map(({ origin }) => origin.id);
  } catch (error) {
    if (!isUniqueViolation(error) && !isDataError(error)) throw error;
    await client.query("ROLLBACK TO SAVEPOINT copied; RELEASE SAVEPOINT copied");
    return await bisect(client, { rows: messages, statement: (rows) => insertMissing(client, rows), onCulprit });
  }
}

function copyLineOf(m: MessageToStore): string {
  const { id, userId, clientId } = m.origin;
  const author = `${userId}\t${copyText(clientId)}\t${copyText(m.username)}\t${copyText(m.profilePic)}`;
  const said = `${copyText(m.message)}\t${copyText(m.messageType)}\t${m.isWinner}\t${m.isHost}`;
  return `${id}\t${m.sessionId}\t${author}\t${said}\t${idCreatedAt(id)}\t${id}\n`;
}

async function insertMissing(client: pg.PoolClient, messages: readonly MessageToStore[]): Promise<number[]> {
  const { rows } = await client.query<{ id: number }>(INSERT, columnsOf(messages));
  return rows.map((row) => row.id);
}

/** An array a column of `live_chat_messages`, for `unnest`: id, session, user, client_id, then what was said, and when. */
export function columnsOf(messages: readonly MessageToStore[]) {
  return [
    messages.map((m) => m.origin.id),
    messages.map((m) => m.sessionId),
    messages.map((m) => m.origin.userId),
    messages.map((m) => m.origin.clientId),
    messages.map((m) => m.username),
    messages.map((m) => m.profilePic),
    messages.map((m) => m.message),
    messages.map((m) => m.messageType),
    messages.map((m) => m.isWinner),
    messages.map((m) => m.isHost),
    messages.map((m) => idCreatedAt(m.origin.id)),
  ];
}

/** Where messages lie, and in which column the session or conversation that a client_id is unique in. */
export interface MessageTable {
  name: "live_chat_messages" | "conversation_messages";
  scope: "session_id" | "conversation_id";
}

const LIVE_CHAT: MessageTable = { name: "live_chat_messages", scope: "session_id" };

const readBack = ({ name, scope }: MessageTable) => `
  SELECT m.id, m.${scope} AS scope, m.user_id, m.client_id FROM ${name} m WHERE m.id = ANY($1::bigint[])
  UNION
  SELECT m.id, m.${scope}, m.user_id, m.client_id
  FROM unnest($2::bigint[], $3::bigint[], $4::uuid[]) AS k (${scope}, user_id, client_id)
  JOIN ${name} m USING (${scope}, user_id, client_id)`;

interface Stored {
  id: number;
  scope: number;
  user_id: number;
  client_id: string;
}

export interface Conflicts {
  repeats: Origin[];
  ghosts: Origin[];
  collisions: Origin[];
}

/** A message that was not inserted, and the session or conversation it belongs to. */
export interface NotInserted {
  origin: Origin;
  scopeId: number;
}

/**
 * Tells apart the messages that were not inserted. An id that belongs to another message is a collision, whatever
 * else holds: withdrawing it by its id would take away the other one.
 */
export async function classifyConflicts(
  client: pg.PoolClient,
  messages: readonly NotInserted[],
  table: MessageTable = LIVE_CHAT,
): Promise<Conflicts> {
  const conflicts: Conflicts = { repeats: [], ghosts: [], collisions: [] };
  if (messages.length === 0) return conflicts;
  const { rows } = await client.query<Stored>(readBack(table), [
    messages.map((m) => m.origin.id),
    messages.map((m) => m.scopeId),
    messages.map((m) => m.origin.userId),
    messages.map((m) => m.origin.clientId),
  ]);
  const keyById = new Map(rows.map((row) => [row.id, keyOf(row.scope, row.user_id, row.client_id)]));
  const keys = new Set(keyById.values());
  for (const { origin, scopeId } of messages) {
    const key = keyOf(scopeId, origin.userId, origin.clientId);
    const keyAtId = keyById.get(origin.id);
    if (keyAtId === key) conflicts.repeats.push(origin);
    else if (keyAtId !== undefined) conflicts.collisions.push(origin);
    else if (keys.has(key)) conflicts.ghosts.push(origin);
    else throw new Error(`message ${origin.id} was neither inserted nor there`);
  }
  return conflicts;
}

/** Postgres takes a UUID in more forms than the one it prints: only its digits count. */
function keyOf(scopeId: number, userId: number, clientId: string): string {
  return `${scopeId}:${userId}:${clientId.replaceAll(/[^0-9a-f]/gi, "").toLowerCase()}`;
}

/** Locks messages in id order; resolves with each one's session. Deletes and likes rest on these locks. */
export async function lockMessages(client: pg.PoolClient, ids: readonly number[]): Promise<Map<number, number>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<{ id: number; session_id: number }>(
    "SELECT id, session_id FROM live_chat_messages WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE",
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row.session_id]));
}

const DELETE = `
  UPDATE live_chat_messages m SET deleted_at = d.deleted_at, last_event_id = d.id
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[]) AS d (id, session_id, message_id, deleted_at)
  WHERE m.id = d.message_id AND m.session_id = d.session_id AND m.last_event_id < d.id
  RETURNING d.id`;

/** Marks messages as deleted, each by the newest of its deletes. Resolves with the ids of the events that changed a row. */
export async function applyDeletes(client: pg.PoolClient, deletes: readonly DeleteToStore[]): Promise<number[]> {
  const newest = new Map<number, DeleteToStore>();
  for (const one of deletes) {
    if (one.origin.id > (newest.get(one.messageId)?.origin.id ?? 0)) newest.set(one.messageId, one);
  }
  const applied = [...newest.values()];
  const { rows } = await client.query<{ id: number }>(DELETE, [
    applied.map((one) => one.origin.id),
    applied.map((one) => one.sessionId),
    applied.map((one) => one.messageId),
    applied.map((one) => idCreatedAt(one.origin.id)),
  ]);
  return rows.map((row) => row.id);
}
