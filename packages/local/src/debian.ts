/**
 * Programs from Debian's archive for machines where nothing may be installed: packages are downloaded by apt and
 * unpacked into a folder. apt keeps its lists in that folder too, so no rights are needed and the system stays as it is.
 */
import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const STEP_TIMEOUT_MS = 180_000;

export interface DebianPackage {
  cache: string;
  name: string;
  /** Packages to unpack with it even where the system says that it has them. */
  also: readonly string[];
}

export interface Unpacked {
  /** Full path of a file in it; rejects where it is absent. */
  find: (path: string) => Promise<string>;
  libraryPath: string;
}

/** Whether `unpackDebianPackage` would find it done. */
export async function isUnpacked(cache: string, name: string): Promise<boolean> {
  return await exists(folderOf(cache, name));
}

/** Unpacks a package with everything it needs that this machine lacks; a later call finds it done. */
export async function unpackDebianPackage({ cache, name, also }: DebianPackage): Promise<Unpacked> {
  const root = folderOf(cache, name);
  if (!(await exists(root))) await unpackInto(root, { cache, name, also });
  return {
    find: async (path) => {
      await access(join(root, path));
      return join(root, path);
    },
    libraryPath: (await libraryFolders(root)).join(":"),
  };
}

const folderOf = (cache: string, name: string) => join(cache, `debian-${name}-${process.arch}`);

async function unpackInto(root: string, { cache, name, also }: DebianPackage): Promise<void> {
  if (!(await exists("/usr/bin/apt-get"))) throw new Error("this machine has no apt-get");
  const work = await mkdtemp(join(cache, "unpack-"));
  try {
    const apt = await privateApt(work);
    await apt(["update"]);
    const wanted = new Set([name, ...also, ...(await missingPackages(apt, name))]);
    await apt(["download", ...wanted]);
    const debs = (await readdir(work)).filter((file) => file.endsWith(".deb"));
    for (const deb of debs) await run("dpkg-deb", ["-x", join(work, deb), join(work, "root")], { timeout: STEP_TIMEOUT_MS });
    // Somebody else may have been faster: theirs is as good.
    await rename(join(work, "root"), root).catch(async (error: unknown) => {
      if (!(await exists(root))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

type Apt = (args: readonly string[]) => Promise<string>;

/** apt with its lists and caches below `work`; it reads the system's sources and what is installed. */
async function privateApt(work: string): Promise<Apt> {
  const lists = join(work, "lists");
  const archives = join(work, "cache");
  for (const dir of [lists, archives]) await mkdir(join(dir, "partial"), { recursive: true });
  await mkdir(join(archives, "archives", "partial"), { recursive: true });
  const options = [`Dir::State::lists=${lists}`, `Dir::Cache=${archives}`, "APT::Sandbox::User=", "Debug::NoLocking=1"];
  return async (args) => {
    const command = [...options.flatMap((option) => ["-o", option]), "-q", ...args];
    const { stdout } = await run("apt-get", command, { cwd: work, timeout: STEP_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  };
}

/** What an installation would add on this machine: `Inst liblzf1 (3.6-3 Debian:12 [amd64])`. */
async function missingPackages(apt: Apt, name: string): Promise<string[]> {
  const plan = await apt(["--simulate", "--no-install-recommends", "install", name]);
  return [...plan.matchAll(/^Inst (\S+)/gm)].flatMap((match) => match[1] ?? []);
}

async function libraryFolders(root: string): Promise<string[]> {
  const folders: string[] = [];
  for (const lib of [join(root, "usr", "lib"), join(root, "lib")]) {
    const entries = await readdir(lib, { withFileTypes: true }).catch(() => []);
    folders.push(...entries.filter((entry) => entry.isDirectory() && entry.name.includes("-linux-")).map((entry) => join(lib, entry.name)));
  }
  return folders;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
