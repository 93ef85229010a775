/**
 * A folder that another user can reach. A checkout below root's closed home is not: there the folder is a link into
 * `/var/tmp`, which is. The name is made from the path, so that the next start finds the same one.
 */
import { createHash } from "node:crypto";
import { lstat, mkdir, readlink, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

const OTHERS_MAY_ENTER = 0o001;

/** The path to use: `path` itself where `uid` can reach it (or is undefined), else where the link leads. */
export async function placeReachable(path: string, uid: number | undefined): Promise<string> {
  const absolute = resolve(path);
  const link = await readlink(absolute).catch(() => undefined);
  if (link !== undefined) return link;
  if (uid === undefined || (await isReachable(dirname(absolute)))) return absolute;
  const name = createHash("sha256").update(absolute).digest("hex").slice(0, 16);
  const target = join("/var/tmp", `drawchat-${name}`, "cluster");
  // No link leads there any more: its owner deleted the data folder, so the data goes too.
  await rm(dirname(target), { recursive: true, force: true });
  await mkdir(dirname(target), { mode: 0o755 });
  if (await lstat(absolute).catch(() => undefined)) await rm(absolute, { recursive: true });
  await symlink(target, absolute);
  return target;
}

async function isReachable(dir: string): Promise<boolean> {
  const { mode } = await stat(dir);
  if ((mode & OTHERS_MAY_ENTER) === 0) return false;
  const parent = dirname(dir);
  return parent === dir || (await isReachable(parent));
}
