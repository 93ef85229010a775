/** A Redis (or Valkey) server program: the machine's own, else Debian's package unpacked into the cache. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { isUnpacked, unpackDebianPackage } from "./debian.ts";

export interface RedisBinary {
  command: string;
  /** Where its libraries are, if not where the system looks. */
  libraryPath: string | undefined;
}

const NAMES = ["redis-server", "valkey-server"];
const PACKAGE = "redis-server";

/** An Error says what to do where there is none and none can be had. `cache`: see `cacheDir`. */
export async function findRedis(cache: string): Promise<RedisBinary> {
  const installed = await installedRedis();
  if (installed !== undefined) return installed;
  const unpacked = await unpackRedis(cache);
  if (await runs(unpacked)) return unpacked;
  throw new Error(adviceWith("the unpacked redis-server does not run"));
}

/** As `findRedis`, but nothing is fetched: undefined where neither the machine nor the cache has one. */
export async function findRedisHere(cache: string): Promise<RedisBinary | undefined> {
  const installed = await installedRedis();
  return installed ?? ((await isUnpacked(cache, PACKAGE)) ? await findRedis(cache) : undefined);
}

async function installedRedis(): Promise<RedisBinary | undefined> {
  for (const command of NAMES) if (await runs({ command, libraryPath: undefined })) return { command, libraryPath: undefined };
  return undefined;
}

/** Touches nothing of the system: no package is installed, no service starts. */
export async function unpackRedis(cache: string): Promise<RedisBinary> {
  try {
    const { find, libraryPath } = await unpackDebianPackage({ cache, name: PACKAGE, also: ["redis-tools"] });
    // redis-server is a link to redis-check-rdb, which redis-tools brings.
    return { command: await find("usr/bin/redis-server"), libraryPath };
  } catch (cause) {
    throw new Error(adviceWith(cause instanceof Error ? cause.message : String(cause)), { cause });
  }
}

async function runs({ command, libraryPath }: RedisBinary): Promise<boolean> {
  const env = libraryPath === undefined ? {} : { env: { LD_LIBRARY_PATH: libraryPath } };
  return await promisify(execFile)(command, ["--version"], env).then(
    () => true,
    () => false,
  );
}

function adviceWith(reason: string): string {
  return `no Redis found (${reason}). Install one (apt-get install redis-server, brew install redis), or set REDIS_URL to one that runs.`;
}
