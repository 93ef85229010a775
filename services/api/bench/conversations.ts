/**
 * `npm run bench:conversations`: what lists, pages and search cost at a million messages, in a Postgres of its own. Prints
 * of each its queries, the median time and its plan; ends with 1 where a plan walks through a whole table, or a list
 * takes more than two queries, a page more than one. BENCH_MESSAGES (1,000,000), BENCH_CONVERSATIONS (20,000), BENCH_RUNS (20).
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDatabase, type Database, type Db } from "@drawchat/db/connect";
import { messagePageQuery, readStoredPage } from "@drawchat/db/conversation-pages";
import { type ConversationListRequest, conversationsQuery, listConversations } from "@drawchat/db/conversation-views";
import { searchMessages, searchQuery } from "@drawchat/db/message-search";
import { migrateToLatest } from "@drawchat/db/migrate";
import { usersQuery } from "@drawchat/db/users";
import { endAll } from "@drawchat/local/endings";
import { freePort } from "@drawchat/local/ports";
import { startPostgres } from "@drawchat/local/postgres";
import { Env } from "@drawchat/runtime/env";
import { FIRST_AGENT, LONG_CONVERSATION, seed } from "./conversation-seed.ts";

const env = new Env(process.env);
const sizes = {
  messages: env.int("BENCH_MESSAGES", 1_000_000, { min: 10_000, max: 10_000_000 }),
  conversations: env.int("BENCH_CONVERSATIONS", 20_000, { min: 100, max: 1_000_000 }),
};
const runs = env.int("BENCH_RUNS", 20, { min: 1, max: 1_000 });
env.finish();

const LIMIT = 50;
const [CUSTOMER, AGENT] = [2, FIRST_AGENT];
const cleanups: (() => Promise<unknown>)[] = [];
let failures = 0;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

interface Explained {
  compile: () => { sql: string; parameters: readonly unknown[] };
}

interface Case {
  name: string;
  /** The query that its index must serve. */
  query: (db: Db) => Explained;
  run: (db: Db) => Promise<unknown>;
  mostQueries: number;
}

const list = (name: string, request: Omit<ConversationListRequest, "limit">): Case => ({
  name: `list: ${name}`,
  query: (db) => conversationsQuery(db, { ...request, limit: LIMIT + 1 }),
  run: (db) => listConversations(db, { ...request, limit: LIMIT }),
  mostQueries: 2,
});

const page = (name: string, scope: "said" | "notes" | "all", place: { before?: number; after?: number; conversationId?: number }): Case => {
  const request = { conversationId: LONG_CONVERSATION, viewerId: CUSTOMER, scope, ...place, limit: LIMIT + 1 };
  return { name: `page: ${name}`, query: (db) => messagePageQuery(db, request), run: (db) => readStoredPage(db, request), mostQueries: 1 };
};

const search = (name: string, q: string, participantId: number | undefined): Case => {
  const request = { q, participantId, before: undefined, limit: 21 };
  return { name: `search: ${name}`, query: (db) => searchQuery(db, request), run: (db) => searchMessages(db, request), mostQueries: 1 };
};

/** `middle`: of the list of all, and of the long conversation. */
function casesOf(middle: { activity: string; id: number; messageId: number }): Case[] {
  const [agent, customer] = [
    { viewerId: AGENT, isMine: false },
    { viewerId: CUSTOMER, isMine: true },
  ];
  const people = { q: "name4", role: undefined, after: undefined, limit: LIMIT + 1 };
  return [
    list("a customer's own", customer),
    list("a customer's unread", { ...customer, isUnread: true }),
    list("an agent's own", { ...agent, isMine: true }),
    list("an agent's own, from the middle", { ...agent, isMine: true, before: middle }),
    list("an agent's unread", { ...agent, isUnread: true }),
    list("all", agent),
    list("all, from the middle", { ...agent, before: middle }),
    list("open", { ...agent, status: "open" }),
    list("resolved", { ...agent, status: "resolved" }),
    list("snoozed (none is)", { ...agent, status: "snoozed" }),
    list("assigned to me", { ...agent, assignee: AGENT }),
    list("assigned to me, open", { ...agent, assignee: AGENT, status: "open" }),
    list("nobody's", { ...agent, assignee: "none" }),
    list("nobody's, from the middle", { ...agent, assignee: "none", before: middle }),
    list("nobody's, open", { ...agent, assignee: "none", status: "open" }),
    page("of a conversation of a usual length", "said", { conversationId: LONG_CONVERSATION + 1 }),
    page("the newest, with notes", "all", {}),
    page("the newest, without notes", "said", {}),
    page("backwards from the middle", "said", { before: middle.messageId }),
    page("forwards from the middle", "said", { after: middle.messageId }),
    page("notes", "notes", {}),
    page("notes backwards from the middle", "notes", { before: middle.messageId }),
    search("a rare word, by an agent", "xylophone", undefined),
    search("a word of every message, by an agent", "ticket", undefined),
    search("two words, by an agent", "word7 word77", undefined),
    search("a rare word, by a customer", "xylophone", CUSTOMER),
    search("a word of every message, by a customer", "ticket", CUSTOMER),
    { name: "users by name", query: (db) => usersQuery(db, people), run: (db) => usersQuery(db, people).execute(), mostQueries: 1 },
  ];
}

async function findMiddle(pool: Database["pool"]): Promise<{ activity: string; id: number; messageId: number }> {
  const { rows } = await pool.query<{ activity: string; id: number; message_id: number }>(
    `SELECT to_char(last_activity_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS activity, id,
       (SELECT id FROM conversation_messages WHERE conversation_id = $1 ORDER BY id OFFSET $2 LIMIT 1) AS message_id
     FROM conversations ORDER BY last_activity_at DESC, id DESC OFFSET $3 LIMIT 1`,
    [LONG_CONVERSATION, Math.floor(sizes.messages / 200), Math.floor(sizes.conversations / 2)],
  );
  const [row] = rows;
  if (row === undefined) throw new Error("there is no middle");
  return { activity: row.activity, id: row.id, messageId: row.message_id };
}

const WHOLE_TABLE = /Seq Scan on (conversations|conversation_participants|conversation_messages)\b/;
/** What a plan says of itself, without its many conditions. */
const TELLING = /Scan|Sort|Limit|Join|Loop|Aggregate|SubPlan|InitPlan|Rows Removed|Execution/;

async function examine(pool: Database["pool"], db: Db, { name, query, run, mostQueries }: Case): Promise<void> {
  const { counted, queries } = countingDb(db);
  const timesMs: number[] = [];
  for (let n = 0; n < runs; n += 1) {
    const startedAtMs = performance.now();
    await run(counted);
    timesMs.push(performance.now() - startedAtMs);
  }
  const { sql, parameters } = query(db).compile();
  const { rows } = await pool.query<{ "QUERY PLAN": string }>(`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ${sql}`, [...parameters]);
  const plan = rows.map((row) => row["QUERY PLAN"]);
  const perRun = queries() / runs;
  const faults = [...(perRun > mostQueries ? [`${perRun} queries`] : []), ...plan.filter((line) => WHOLE_TABLE.test(line))];
  failures += faults.length;
  print(`\n${name}: ${perRun} ${perRun === 1 ? "query" : "queries"}, median ${median(timesMs).toFixed(1)} ms`);
  for (const line of plan.filter((each) => TELLING.test(each))) print(`  ${line}`);
  for (const fault of faults) print(`  !! ${fault.trim()}`);
}

function countingDb(db: Db): { counted: Db; queries: () => number } {
  let queries = 0;
  const counted = db.withPlugin({
    transformQuery: ({ node }) => {
      queries += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  return { counted, queries: () => queries };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

try {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-bench-"));
  cleanups.push(() => rm(dir, { recursive: true, force: true }));
  const postgres = await startPostgres({ dir, port: await freePort(), durable: false });
  cleanups.push(() => postgres.stop());
  const onError = () => undefined;
  const database = connectDatabase({ url: postgres.url(), maxConnections: 2, applicationName: "bench", statementTimeoutMs: 0, onError });
  cleanups.push(() => database.close());
  await migrateToLatest(database);
  const startedAtMs = performance.now();
  await seed(database.pool, sizes, (done) => print(`${done} messages after ${Math.round((performance.now() - startedAtMs) / 1_000)} s`));
  for (const each of casesOf(await findMiddle(database.pool))) await examine(database.pool, database.db, each);
  print(failures === 0 ? "\nevery query used its index" : `\n${failures} faults, marked with !!`);
} finally {
  await endAll(cleanups);
}
process.exitCode = failures === 0 ? 0 : 1;
