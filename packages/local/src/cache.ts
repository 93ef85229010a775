/** The folder in which binaries are kept between runs. Everything in it can be deleted; it is made again. */
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** True where we may change users: root on Linux or macOS. */
export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * `/var/cache/drawchat` for root, since an unprivileged process must reach what is in it and root's home is closed;
 * else `~/.cache/drawchat`. Created where it is missing.
 */
export async function cacheDir(): Promise<string> {
  const dir = isRoot() ? "/var/cache/drawchat" : join(homedir(), ".cache", "drawchat");
  await mkdir(dir, { recursive: true, mode: 0o755 });
  return dir;
}
