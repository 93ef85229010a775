/** A Chromium for tests with a real browser: the machine's own, else Debian's package where we may install it. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { promisify } from "node:util";
import { isRoot } from "./cache.ts";

const run = promisify(execFile);
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const PLACES = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium"];
const INSTALL_TIMEOUT_MS = 600_000;

/** A full path. `given` is the value of CHROMIUM_PATH, if any. An Error says what to do where there is none. */
export async function findChromium(given?: string): Promise<string> {
  if (given !== undefined && given !== "") {
    if (await isExecutable(given)) return given;
    throw new Error(`CHROMIUM_PATH names ${given}, which cannot be run`);
  }
  const found = await findInstalled();
  if (found !== undefined) return found;
  const problem = await install();
  const installed = await findInstalled();
  if (installed !== undefined) return installed;
  throw new Error(
    `no Chromium found${problem === undefined ? "" : ` (${problem})`}. Install one (apt-get install chromium, brew install chromium), or set CHROMIUM_PATH.`,
  );
}

async function findInstalled(): Promise<string | undefined> {
  for (const name of NAMES) {
    const path = await run("sh", ["-c", 'command -v "$0"', name]).then(
      ({ stdout }) => stdout.trim(),
      () => "",
    );
    if (path !== "") return path;
  }
  for (const place of PLACES) if (await isExecutable(place)) return place;
  return undefined;
}

/** It needs a hundred libraries of the system: unpacking it aside, as Redis, would not do. Undefined: done. */
async function install(): Promise<string | undefined> {
  if (!(await isExecutable("/usr/bin/apt-get"))) return "this machine has no apt-get";
  if (!isRoot()) return "only root can install it";
  try {
    await run("apt-get", ["update", "-q"], { timeout: INSTALL_TIMEOUT_MS });
    const options = ["-y", "-q", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0"];
    await run("env", ["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", ...options, "chromium"], {
      timeout: INSTALL_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
