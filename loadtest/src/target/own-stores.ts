/** Redis and Postgres of a run's own, in a folder that goes away with them, and live sessions in them. */
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { connectDatabase, type Database } from "@drawchat/db/connect";
import { migrateToLatest } from "@drawchat/db/migrate";
import { createSession } from "@drawchat/db/session-changes";
import { freePort } from "@drawchat/local/ports";
import { type LocalPostgres, startPostgres } from "@drawchat/local/postgres";
import { type LocalRedis, startRedis } from "@drawchat/local/redis";
import { type LocalRedisCluster, startRedisCluster } from "@drawchat/local/redis-cluster";

export interface OwnStores {
  readonly redis: LocalRedis | LocalRedisCluster;
  readonly postgres: LocalPostgres;
  readonly databaseUrl: string;
  readonly sessions: readonly number[];
}

export interface StoresOptions {
  dir: string;
  /** How many sessions are open at once. */
  sessions: number;
  /** 1: a server alone. More: a cluster of so many. */
  redisNodes: number;
  /** Told of each as soon as it runs, to be called in reverse in the end. */
  onStarted: (stop: () => Promise<void>) => void;
}

const HOUR_MS = 3_600_000;

/** Both as in production: the append-only file on, commits on disk. */
export async function startStores({ dir, sessions, redisNodes, onStarted }: StoresOptions): Promise<OwnStores> {
  await chmod(dir, 0o755); // Postgres runs as another user where we are root
  const startingRedis = startOwnRedis(join(dir, "redis"), redisNodes);
  const startingPostgres = freePort().then((port) => startPostgres({ dir: join(dir, "postgres"), port }));
  // Whichever runs must be stopped where the other fails.
  for (const starting of [startingRedis, startingPostgres])
    starting.then((server) => onStarted(() => server.stop())).catch(() => undefined);
  const [redis, postgres] = await Promise.all([startingRedis, startingPostgres]);
  const databaseUrl = postgres.url();
  const database = connect(databaseUrl);
  try {
    await migrateToLatest(database);
    const ids: number[] = [];
    for (let n = 0; n < sessions; n += 1) ids.push(await openSession(database, n));
    return { redis, postgres, databaseUrl, sessions: ids };
  } finally {
    await database.close();
  }
}

async function startOwnRedis(dir: string, nodes: number): Promise<LocalRedis | LocalRedisCluster> {
  return nodes === 1 ? startRedis({ dir, port: await freePort() }) : startRedisCluster({ dir, nodes });
}

/** Open since an hour ago; its draw is in an hour, and it stays open longer than any run lasts. */
async function openSession({ db }: Database, n: number): Promise<number> {
  const nowMs = Date.now();
  const drawAtMs = nowMs + HOUR_MS + n; // no two sessions share an instant
  const draw = {
    drawDate: new Date(drawAtMs).toISOString().slice(0, 10),
    drawAtMs,
    opensAtMs: nowMs - HOUR_MS,
    closesAtMs: nowMs + 12 * HOUR_MS,
  };
  const created = await createSession(db, draw, nowMs);
  if (created === "conflict") throw new Error("a session with this draw exists already");
  return created.session.id;
}

function connect(url: string): Database {
  return connectDatabase({ url, maxConnections: 1, statementTimeoutMs: 0, applicationName: "drawchat-load", onError: () => undefined });
}
