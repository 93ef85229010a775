/** `npm run migrate`: brings DATABASE_URL's schema to this version. */
import { Env } from "@drawchat/runtime/env";
import { loadOrExit } from "@drawchat/runtime/run";
import { connectDatabase } from "./connect.ts";
import { migrateToLatest } from "./migrate.ts";

const url = loadOrExit(() => {
  const env = new Env(process.env);
  const value = env.required("DATABASE_URL", "a postgres:// URL");
  env.finish();
  return value;
});
const database = connectDatabase({
  url,
  maxConnections: 2,
  statementTimeoutMs: 0,
  applicationName: "drawchat-migrate",
  onError: (error) => process.stderr.write(`${error.message}\n`),
});
try {
  const applied = await migrateToLatest(database);
  process.stdout.write(applied.length === 0 ? "schema is up to date\n" : `applied ${applied.join(", ")}\n`);
} catch (error) {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${message}${cause instanceof Error ? ` (${cause.message})` : ""}\n`);
  process.exitCode = 1;
} finally {
  await database.close();
}
