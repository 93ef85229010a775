/**
 * Migrations: forward only, Kysely's own table, plus graphile-worker's schema. Services refuse another version.
 *
 * They run against a cluster that serves. So: what a migration leaves behind must be readable by the version before,
 * whose running processes go on (one that starts again refuses); each is a transaction of its own; and none holds an
 * ACCESS EXCLUSIVE lock on one table while it builds an index on another. Whoever waits for such a lock has all readers
 * of the table wait behind it: a migration gives up after a second, lets them pass, and tries again.
 */
import { Backoff } from "@drawchat/runtime/backoff";
import { type Kysely, sql } from "kysely";
import type { Migration, MigrationProvider } from "kysely/migration";
import { Migrator } from "kysely/migration";
import type { Database, Db } from "./connect.ts";
import * as liveChat from "./migrations/0001-live-chat.ts";
import * as viewersIndex from "./migrations/0002-viewers-index.ts";
import * as figures from "./migrations/0003-figures.ts";
import * as conversations from "./migrations/0004-conversations.ts";
import { sqlState } from "./postgres-errors.ts";

const LOCK_TIMEOUT_MS = 1_000;
const RETRY = { baseMs: 1_000, capMs: 4_000 };
/** A lock that was not given in its time, and a deadlock. */
const LOCK_STATES = ["55P03", "40P01"];

const migrations: Record<string, Migration> = {
  "0001-live-chat": impatient(liveChat),
  "0002-viewers-index": impatient(viewersIndex),
  "0003-figures": impatient(figures),
  "0004-conversations": impatient(conversations),
};

const provider: MigrationProvider = { getMigrations: async () => migrations };

function impatient({ up }: Migration): Migration {
  return {
    up: async (db: Kysely<unknown>) => {
      await sql`SET LOCAL lock_timeout = ${sql.lit(LOCK_TIMEOUT_MS)}`.execute(db);
      await up(db);
    },
  };
}

export interface MigrateOptions {
  /** How often one migration asks for its locks. Default 6: over 13 s, longer than any transaction of ours. */
  maxAttempts?: number;
}

/**
 * Brings the schema to this version; takes Kysely's lock, so two at once are safe. Returns the names applied. Where one
 * fails nothing of it stays, and those before it do: to call it again goes on from there.
 */
export async function migrateToLatest({ db, pool }: Database, { maxAttempts = 6 }: MigrateOptions = {}): Promise<string[]> {
  const migrator = new Migrator({ db, provider });
  const applied: string[] = [];
  for (;;) {
    const names = await migrateNext(migrator, maxAttempts);
    if (names.length === 0) break;
    applied.push(...names);
  }
  const { runMigrations: migrateJobs } = await import("graphile-worker"); // processes that only look at the schema start without it
  await migrateJobs({ pgPool: pool });
  return applied;
}

/** One migration, one transaction: all of them in one would keep the first one's locks until the last is done. */
async function migrateNext(migrator: Migrator, maxAttempts: number): Promise<string[]> {
  const backoff = new Backoff(RETRY);
  for (let attempt = 1; ; attempt++) {
    const { error, results = [] } = await migrator.migrateUp();
    const names = results.map((result) => result.migrationName);
    if (error === undefined) return names;
    const what = `${["migration", ...names].join(" ")} failed; nothing of it was applied`;
    if (!LOCK_STATES.includes(sqlState(error) ?? "")) throw new Error(what, { cause: error });
    if (attempt >= maxAttempts) {
      throw new Error(`${what}: others hold its tables. Try again, and end long transactions first if it fails again`, { cause: error });
    }
    await backoff.wait();
  }
}

/** Undefined where the schema is this version; else a sentence that says what to do. */
export async function schemaProblem(db: Db): Promise<string | undefined> {
  const known = await new Migrator({ db, provider }).getMigrations();
  const pending = known.filter((migration) => migration.executedAt === undefined);
  if (pending.length > 0) return `the schema is older than this version: run "npm run migrate" (${pending.length} to apply)`;
  const applied = await db.withTables<{ kysely_migration: { name: string } }>().selectFrom("kysely_migration").select("name").execute();
  const unknown = applied.filter((row) => !Object.hasOwn(migrations, row.name));
  if (unknown.length > 0)
    return `the schema is newer than this version (${unknown.map((row) => row.name).join(", ")}): deploy the newer version`;
  return undefined;
}

/** Resolves where Postgres answers. */
export async function ping(db: Db): Promise<void> {
  await sql`SELECT 1`.execute(db);
}
