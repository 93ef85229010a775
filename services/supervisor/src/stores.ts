/** Postgres and Redis: those of the environment, else our own below the data folder. */
import { join } from "node:path";
import { connectDatabase } from "@drawchat/db/connect";
import { migrateToLatest } from "@drawchat/db/migrate";
import { freePort } from "@drawchat/local/ports";
import { type LocalPostgres, startPostgres } from "@drawchat/local/postgres";
import { type LocalRedis, startRedis } from "@drawchat/local/redis";
import type { Running } from "./kept-alive.ts";

export const DATABASE = "drawchat";

/** A store of our own; `url` is known once the first `launch` has resolved. */
interface OwnStore {
  launch: () => Promise<Running>;
  url: () => string;
}

type OnLine = (line: string) => void;

/** Our own Postgres: the first `launch` makes the cluster and the database. It keeps its port over restarts. */
export function ownPostgres(dataDir: string, onLine: OnLine): OwnStore {
  let postgres: LocalPostgres | undefined;
  const launch = async () => {
    if (postgres === undefined) {
      postgres = await startPostgres({ dir: join(dataDir, "postgres"), port: await freePort(), onLine });
      await createDatabase(postgres);
    } else {
      await postgres.start();
    }
    const server = postgres;
    return { ended: server.ended, stop: () => server.stop() };
  };
  return { launch, url: () => started(postgres).url(DATABASE) };
}

export function ownRedis(dataDir: string, onLine: OnLine): OwnStore {
  let redis: LocalRedis | undefined;
  const launch = async () => {
    if (redis === undefined) redis = await startRedis({ dir: join(dataDir, "redis"), port: await freePort(), onLine });
    else await redis.start();
    const server = redis;
    return { ended: server.ended, stop: () => server.stop() };
  };
  return { launch, url: () => started(redis).url };
}

function started<T>(server: T | undefined): T {
  if (server === undefined) throw new Error("it has not been started yet");
  return server;
}

async function createDatabase(postgres: LocalPostgres): Promise<void> {
  const { pool, close } = connect(postgres.url("postgres"));
  try {
    const { rowCount } = await pool.query("SELECT 1 FROM pg_database WHERE datname = $1", [DATABASE]);
    if (rowCount === 0) await pool.query(`CREATE DATABASE ${DATABASE}`);
  } catch (error) {
    await postgres.stop();
    throw error;
  } finally {
    await close();
  }
}

/** A short connection of the supervisor's own; an idle one that breaks is no news. */
export function connect(url: string) {
  return connectDatabase({
    url,
    maxConnections: 2,
    applicationName: "drawchat-supervisor",
    statementTimeoutMs: 0,
    onError: () => undefined,
  });
}

/** Brings the schema to this version. */
export async function migrate(url: string): Promise<string[]> {
  const database = connect(url);
  try {
    return await migrateToLatest(database);
  } finally {
    await database.close();
  }
}
