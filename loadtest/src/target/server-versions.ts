/** Which programs a run measured: a report without them cannot be repeated. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { connectDatabase } from "@drawchat/db/connect";
import { cacheDir } from "@drawchat/local/cache";
import { findHaproxy } from "@drawchat/local/haproxy";
import { commandClient } from "@drawchat/redis/connect";
import { createLog } from "@drawchat/runtime/log";

const run = promisify(execFile);

/** Such as `HAProxy 2.6.12`. */
export async function haproxyVersion(path: string | undefined): Promise<string> {
  const { command, libraryPath } = await findHaproxy(await cacheDir(), path);
  const env = libraryPath === undefined ? {} : { env: { LD_LIBRARY_PATH: libraryPath } };
  const { stdout } = await run(command, ["-v"], env);
  return `HAProxy ${/version ([0-9.]+)/.exec(stdout)?.[1] ?? "of an unknown version"}`;
}

/** Such as `7.0.15`; empty where it does not answer. */
export async function redisVersion(url: string): Promise<string> {
  const client = commandClient(url, "load", createLog("load", "silent")); // where it does not answer, that is the version
  try {
    await client.connect();
    return /redis_version:(\S+)/.exec(await client.info("server"))?.[1] ?? "";
  } catch {
    return "";
  } finally {
    client.disconnect();
  }
}

/** Such as `18.4`; empty where it does not answer. */
export async function postgresVersion(url: string): Promise<string> {
  const { pool, close } = connectDatabase({ url, maxConnections: 1, applicationName: "drawchat-load", onError: () => undefined });
  try {
    const { rows } = await pool.query<{ server_version: string }>("SHOW server_version");
    return rows[0]?.server_version ?? "";
  } catch {
    return "";
  } finally {
    await close();
  }
}
