/** A fresh, migrated database for a test file. */
import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectDatabase, type Database } from "@drawchat/db/connect";
import { migrateToLatest } from "@drawchat/db/migrate";
import { freePort } from "@drawchat/local/ports";
import { type LocalPostgres, startPostgres } from "@drawchat/local/postgres";
import { afterAll, inject } from "vitest";
import { TEMPLATE_DATABASE } from "./global-setup.ts";

export interface TestDatabase extends Database {
  url: string;
}

const ADMIN_STATEMENT_MS = 60_000;

/** Call it at the top of a test file; the database goes away after the file's last test. */
export async function testDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  afterAll(() => database.drop());
  return database;
}

/** The same without vitest's hooks: the caller drops it. `drop` cuts off whoever is still connected. */
export async function createTestDatabase(): Promise<TestDatabase & { drop: () => Promise<void> }> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE} STRATEGY FILE_COPY`);
  const url = new URL(`/${name}`, inject("postgresAdminUrl")).href;
  const database = connect(url);
  const drop = async () => {
    await database.close();
    await asAdmin(`DROP DATABASE ${name} WITH (FORCE)`);
  };
  return { ...database, url, drop };
}

export interface TestPostgres {
  server: LocalPostgres;
  createDatabase: () => Promise<TestDatabase & { drop: () => Promise<void> }>;
  remove: () => Promise<void>;
}

/** A server that a test may stop, kill and start; the caller removes it. */
export async function createTestPostgres(): Promise<TestPostgres> {
  const dir = await mkdtemp(join(tmpdir(), "drawchat-test-postgres-"));
  await chmod(dir, 0o755);
  const server = await startPostgres({ dir, port: await freePort() });
  return {
    server,
    createDatabase: async () => {
      const url = server.url();
      const database = connect(url);
      await migrateToLatest(database);
      return { ...database, url, drop: () => database.close() };
    },
    remove: async () => {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function asAdmin(statement: string): Promise<void> {
  // To drop a database is to write out what others have changed: that takes as long as it takes.
  const admin = connect(inject("postgresAdminUrl"), ADMIN_STATEMENT_MS);
  try {
    await admin.pool.query(statement);
  } finally {
    await admin.close();
  }
}

/** Errors of idle connections are no news here: tests cut connections on purpose. */
function connect(url: string, statementTimeoutMs = 5_000): Database {
  return connectDatabase({ url, maxConnections: 5, applicationName: "testkit", statementTimeoutMs, onError: () => undefined });
}
