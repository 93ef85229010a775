/** Whether the stores can serve: looked at on each probe, with a short patience of its own. */
import type { Db } from "@drawchat/db/connect";
import { ping, schemaProblem } from "@drawchat/db/migrate";
import { isReady, type RedisClient } from "@drawchat/redis/connect";
import { ConfigError } from "@drawchat/runtime/env";

const PATIENCE_MS = 2_000;

/** Refuses a schema of another version with a ConfigError: to start again does not help. Rejects where Postgres cannot be asked. */
export async function assertSchema(db: Db): Promise<void> {
  const problem = await schemaProblem(db);
  if (problem !== undefined) throw new ConfigError([problem]);
}

/** What is missing, in words. */
export async function missingStores({ redis, db }: { redis: RedisClient; db: Db }): Promise<string[]> {
  const missing: string[] = [];
  if (!isReady(redis)) missing.push("redis");
  const answered = ping(db).then(
    () => true,
    () => false,
  );
  const timer = new Promise<false>((resolve) => setTimeout(resolve, PATIENCE_MS, false).unref());
  if (!(await Promise.race([answered, timer]))) missing.push("postgres");
  return missing;
}
