/** Migrations: forward only, Kysely's own table, plus graphile-worker's schema. Services refuse another version. */
import { runMigrations as migrateJobs } from "graphile-worker";
import { sql } from "kysely";
import type { Migration, MigrationProvider } from "kysely/migration";
import { Migrator } from "kysely/migration";
import type { Database, Db } from "./connect.ts";
import * as liveChat from "./migrations/0001-live-chat.ts";
import * as viewers from "./migrations/0002-viewers.ts";

const migrations: Record<string, Migration> = {
  "0001-live-chat": liveChat,
  "0002-viewers": viewers,
};

const provider: MigrationProvider = { getMigrations: async () => migrations };

/** Brings the schema to this version; takes Kysely's lock, so two at once are safe. Returns the names applied. */
export async function migrateToLatest({ db, pool }: Database): Promise<string[]> {
  const { error, results } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw new Error("migration failed; nothing of it was applied", { cause: error });
  await migrateJobs({ pgPool: pool });
  return (results ?? []).map((result) => result.migrationName);
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
