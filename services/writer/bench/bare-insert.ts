/**
 * The practical limit of the writer: the same rows into the same table, in batches of the same size over as many
 * connections, a statement and a commit each, with nothing around it: no log, no locks, no look at what was there.
 */

import { columnsOf } from "@drawchat/db/batch-messages";
import type { Database } from "@drawchat/db/connect";
import { partitionOfRoom, type RoomName } from "@drawchat/protocol/ids";
import type { RedisClient } from "@drawchat/redis/connect";
import { readLog } from "@drawchat/redis/log";
import { toBatch } from "../src/rows.ts";

const INSERT = `
  INSERT INTO live_chat_messages
    (id, session_id, user_id, client_id, username, profile_pic, message, message_type, is_winner, is_host, created_at, last_event_id)
  SELECT id, session_id, user_id, client_id, username, profile_pic, message, message_type, is_winner, is_host, created_at, id
  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::boolean[], $10::boolean[], $11::timestamptz[])
    AS m (id, session_id, user_id, client_id, username, profile_pic, message, message_type, is_winner, is_host, created_at)`;

/** The columns of a batch's rows, as the statement takes them. */
export type BareBatch = unknown[][];

/** Of each room what its log holds, in batches of so many rows. */
export async function bareBatches(redis: RedisClient, rooms: readonly RoomName[], batchRows: number): Promise<BareBatch[][]> {
  const ofRooms: BareBatch[][] = [];
  for (const room of rooms) {
    const partition = partitionOfRoom(room);
    const { messages } = toBatch(partition, await readLog(redis, partition, Number.POSITIVE_INFINITY));
    const starts = Array.from({ length: Math.ceil(messages.length / batchRows) }, (_, n) => n * batchRows);
    ofRooms.push(starts.map((start) => columnsOf(messages.slice(start, start + batchRows))));
  }
  return ofRooms;
}

/** Inserts all, a batch of each room in turn, as the writer does. `onRows` is told of each batch that is committed. */
export async function insertBare(
  pool: Database["pool"],
  rooms: readonly BareBatch[][],
  { connections, onRows }: { connections: number; onRows: (rows: number) => void },
): Promise<void> {
  const waiting = rooms.map((batches) => [...batches]);
  const insertBatches = async () => {
    for (let room = waiting.shift(); room !== undefined; room = waiting.shift()) {
      const columns = room.shift();
      if (columns === undefined) continue;
      onRows((await pool.query(INSERT, columns)).rowCount ?? 0);
      waiting.push(room);
    }
  };
  await Promise.all(Array.from({ length: connections }, insertBatches));
}
