/** Cores and processes of this machine: who runs where, and what it used. Linux only, as `taskset` and /proc are. */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { promisify } from "node:util";

/** The server that is measured has this core for itself; its client, Redis and whoever publishes share the other one. */
export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

const run = promisify(execFile);

/** All threads of a process, and the children that it will have. False where that cannot be done: then they are not pinned. */
export async function pin(pid: number, core: number): Promise<boolean> {
  if (cpus().length < 2) return false;
  return await run("taskset", ["-a", "-p", "-c", String(core), String(pid)]).then(
    () => true,
    () => false,
  );
}

/** What all threads of a process have used since they began, to the nanosecond: a turn is short. Rejects where it has ended. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  // A thread that ends meanwhile is one of a pool, and has done nothing lately.
  const texts = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0")));
  return texts.reduce((sum, text) => sum + Number(text.split(" ")[0]), 0) / 1e9;
}

export interface CoreUse {
  readonly busy: number;
  readonly total: number;
}

/** Of one core since boot, in hundredths of a second; what the host of a virtual machine took away counts as busy. */
export async function readCore(core: number): Promise<CoreUse> {
  const stat = await readFile("/proc/stat", "utf8");
  const fields = (new RegExp(`^cpu${core} (.*)$`, "m").exec(stat)?.[1] ?? "").split(" ").map(Number);
  const total = fields.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0);
  const [idle = 0, ioWait = 0] = fields.slice(3, 5);
  return { busy: total - idle - ioWait, total };
}

export function shareBetween(from: CoreUse, to: CoreUse): number {
  return to.total === from.total ? 0 : (to.busy - from.busy) / (to.total - from.total);
}

/** As reports name it. */
export function machineFacts(redis: string) {
  const all = cpus();
  return { cpus: all.length, model: all[0]?.model.trim() ?? "unknown", kernel: release(), node: process.version, redis };
}
