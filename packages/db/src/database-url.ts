/** Which database a command line means. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, type Env } from "@drawchat/runtime/env";

/** DATABASE_URL, else the Postgres that `npm start` wrote into its data folder. Throws a ConfigError that says what to do. */
export function findDatabaseUrl(env: Env): string {
  const given = env.optional("DATABASE_URL");
  if (given !== undefined) return given;
  const path = join(env.text("DATA_DIR", ".data"), "endpoints.json");
  try {
    const endpoints: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof endpoints === "object" && endpoints !== null && "postgres" in endpoints && typeof endpoints.postgres === "string")
      return endpoints.postgres;
  } catch {
    // the same advice: it is not there or not whole
  }
  throw new ConfigError([`no database: run "npm start" first, or set DATABASE_URL (${path} names none)`]);
}
