/** Stores that the environment names: they must be of use before anything of ours starts. */
import { ping } from "@drawchat/db/migrate";
import { assertRedisSettings, commandClient, reasonOf } from "@drawchat/redis/connect";
import { redisAddress } from "@drawchat/redis/redis-url";
import type { Log } from "@drawchat/runtime/log";
import type { Config } from "./config.ts";
import { StartRefused } from "./data-dir.ts";
import { connect } from "./stores.ts";

/** Throws StartRefused, with a line for each that cannot be reached, or a ConfigError where Redis could lose messages. */
export async function refuseUselessStores({ databaseUrl, redisUrl }: Config, log: Log): Promise<void> {
  const checks = [
    ...(databaseUrl === undefined ? [] : [reachPostgres(databaseUrl)]),
    ...(redisUrl === undefined ? [] : [reachRedis(redisUrl, log)]),
  ];
  const results = await Promise.allSettled(checks);
  const failures: unknown[] = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  const unreachable = failures.filter((failure) => failure instanceof StartRefused);
  if (unreachable.length > 0) throw new StartRefused(unreachable.map(({ message }) => message).join("\n"));
  if (failures.length > 0) throw failures[0];
}

async function reachPostgres(url: string): Promise<void> {
  const { db, close } = connect(url);
  try {
    await ping(db);
  } catch (error) {
    throw unreachable("DATABASE_URL", new URL(url).host, error);
  } finally {
    await close();
  }
}

async function reachRedis(url: string, log: Log): Promise<void> {
  const redis = commandClient(url, "supervisor", log);
  const firstError = new Promise<never>((_, reject) => redis.once("error", reject)); // says more than connect's own
  try {
    await Promise.race([redis.connect(), firstError]);
  } catch (error) {
    redis.disconnect();
    throw unreachable("REDIS_URL", redisAddress(url), error);
  }
  await assertRedisSettings(redis).finally(() => redis.disconnect());
}

/** Host and port alone: the URL may hold a password. */
function unreachable(name: string, address: string, error: unknown): StartRefused {
  return new StartRefused(`${name} cannot be used: ${address} says ${reasonOf(error)}. Start it, or unset ${name}.`);
}
