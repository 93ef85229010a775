/** A year of conversations in a database: people, conversations and messages, made by Postgres itself. */
import type { Database } from "@drawchat/db/connect";

export interface SeedSizes {
  messages: number;
  conversations: number;
}

export const CUSTOMERS = 5_000;
export const AGENTS = 50;
/** Agents have the ids behind those of customers. */
export const FIRST_AGENT = CUSTOMERS + 1;
/** The conversation that has a hundredth of all messages. */
export const LONG_CONVERSATION = 1;

const BATCH = 100_000;

/** Calls `onBatch` with how many messages are there. Ends with ANALYZE. */
export async function seed(pool: Database["pool"], { messages, conversations }: SeedSizes, onBatch: (done: number) => void): Promise<void> {
  await pool.query(
    `INSERT INTO users (id, username, role)
     SELECT n, 'name' || n, CASE WHEN n > $1::bigint THEN 'agent' ELSE 'customer' END FROM generate_series(1, $1::bigint + $2::bigint) AS n`,
    [CUSTOMERS, AGENTS],
  );
  // Of seven conversations two are the first agent's, two other agents', three nobody's; of ten eight are resolved.
  await pool.query(
    `INSERT INTO conversations (title, status, assignee_id, created_by, client_id)
     SELECT 'conversation ' || n, CASE n % 10 WHEN 0 THEN 'open' WHEN 1 THEN 'pending' ELSE 'resolved' END,
            CASE WHEN n % 7 < 2 THEN $2::bigint WHEN n % 7 < 4 THEN $2::bigint + n % $3::bigint END, 1 + n % $4::bigint, gen_random_uuid()
     FROM generate_series(1, $1::bigint) AS n`,
    [conversations, FIRST_AGENT, AGENTS, CUSTOMERS],
  );
  await pool.query(
    `INSERT INTO conversation_participants (conversation_id, user_id, role)
     SELECT id, created_by, 'customer' FROM conversations
     UNION ALL SELECT id, assignee_id, 'agent' FROM conversations WHERE assignee_id IS NOT NULL`,
  );
  for (let done = 0; done < messages; done += BATCH) {
    await insertMessages(pool, done, Math.min(BATCH, messages - done), conversations);
    onBatch(Math.min(done + BATCH, messages));
  }
  await moveColumns(pool);
  await pool.query("VACUUM ANALYZE");
}

/** One in a hundred is in the long conversation, one in twenty a note, one in fifty deleted; words from common to rare. */
async function insertMessages(pool: Database["pool"], from: number, count: number, conversations: number): Promise<void> {
  await pool.query(
    `INSERT INTO conversation_messages
       (id, conversation_id, is_note, user_id, client_id, username, role, message, created_at, deleted_at, last_event_id)
     SELECT id, c, is_note, u, gen_random_uuid(), 'name' || u, CASE WHEN is_agents THEN 'agent' ELSE 'customer' END,
            CASE WHEN is_deleted THEN '' ELSE
              'please look at ticket word' || dice % 1000 || ' word' || dice % 50021 || CASE WHEN n % 10000 = 1 THEN ' xylophone' ELSE '' END
            END, at, CASE WHEN is_deleted THEN at END, id
     FROM (
       SELECT n, c, dice, dice % 20 = 7 AS is_note, dice % 49 = 3 AS is_deleted, dice % 2 = 1 AS is_agents,
              n * 4096 * 20 + c % 64 AS id, timestamptz '2025-01-01Z' + n * interval '20 milliseconds' AS at,
              CASE WHEN dice % 2 = 0 THEN 1 + c % $4::bigint ELSE $5::bigint + c % $6::bigint END AS u
       FROM (
         SELECT n, abs(hashint8(n)::bigint) AS dice,
                CASE WHEN n % 100 = 0 THEN $7::bigint ELSE 1 + abs(hashint8(-n)::bigint) % $3::bigint END AS c
         FROM generate_series($1::bigint + 1, $1::bigint + $2::bigint) AS n
       ) AS thrown
     ) AS made`,
    [from, count, conversations, CUSTOMERS, FIRST_AGENT, AGENTS, LONG_CONVERSATION],
  );
}

/** What the writer moves along with messages. One participation in ten has something unread. */
async function moveColumns(pool: Database["pool"]): Promise<void> {
  await pool.query(
    `UPDATE conversations c SET last_message_id = m.id, last_event_id = m.id, last_activity_at = m.at
     FROM (SELECT conversation_id, max(id) AS id, max(created_at) AS at FROM conversation_messages WHERE NOT is_note GROUP BY 1) AS m
     WHERE m.conversation_id = c.id`,
  );
  await pool.query(
    `UPDATE conversation_participants p SET last_activity_at = c.last_activity_at, unread_count = CASE WHEN c.id % 10 = 0 THEN 3 ELSE 0 END
     FROM conversations c WHERE c.id = p.conversation_id`,
  );
}
