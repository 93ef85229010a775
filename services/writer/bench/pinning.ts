/** Cores for processes. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** Keeps a process with all its threads, the children it has and those it will have to one core. Rejects without `taskset`. */
export async function pinFamily(pid: number, core: number): Promise<void> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  for (const one of [String(pid), ...children.split(" ").filter((text) => text.trim() !== "")]) {
    await promisify(execFile)("taskset", ["-apc", String(core), one]);
  }
}
