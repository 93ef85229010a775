/** An HAProxy for tests of the real load balancer: the machine's own, else Debian's package unpacked into the cache. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { unpackDebianPackage } from "./debian.ts";

const run = promisify(execFile);

export interface HaproxyBinary {
  /** A full path. */
  command: string;
  /** Where its libraries are, if not where the system looks. */
  libraryPath: string | undefined;
}

/** Debian puts it where only root's PATH leads. */
const COMMANDS = ["haproxy", "/usr/sbin/haproxy", "/usr/local/sbin/haproxy"];

/** `given` is the value of HAPROXY_PATH, if any. An Error says what to do where there is none and none can be had. */
export async function findHaproxy(cache: string, given = ""): Promise<HaproxyBinary> {
  for (const name of given === "" ? COMMANDS : [given]) {
    const command = await pathOf(name);
    if (command !== undefined && (await runs({ command, libraryPath: undefined }))) return { command, libraryPath: undefined };
  }
  if (given !== "") throw new Error(`HAPROXY_PATH names ${given}, which cannot be run`);
  const unpacked = await unpackHaproxy(cache);
  if (await runs(unpacked)) return unpacked;
  throw new Error(adviceWith("the unpacked haproxy does not run"));
}

/** Touches nothing of the system: no package is installed, no service starts. */
export async function unpackHaproxy(cache: string): Promise<HaproxyBinary> {
  try {
    const { find, libraryPath } = await unpackDebianPackage({ cache, name: "haproxy", also: [] });
    return { command: await find("usr/sbin/haproxy"), libraryPath };
  } catch (cause) {
    throw new Error(adviceWith(cause instanceof Error ? cause.message : String(cause)), { cause });
  }
}

async function pathOf(name: string): Promise<string | undefined> {
  const found = await run("sh", ["-c", 'command -v "$0"', name]).catch(() => undefined);
  return found?.stdout.trim();
}

async function runs({ command, libraryPath }: HaproxyBinary): Promise<boolean> {
  const env = libraryPath === undefined ? {} : { env: { LD_LIBRARY_PATH: libraryPath } };
  return await run(command, ["-v"], env).then(
    () => true,
    () => false,
  );
}

function adviceWith(reason: string): string {
  return `no HAProxy found (${reason}). Install one (apt-get install haproxy, brew install haproxy), or set HAPROXY_PATH.`;
}
