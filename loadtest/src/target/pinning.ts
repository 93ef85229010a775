/** Gateways on a processor of their own, so that what they cost is not blurred by everybody else. */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import type { ProcessToWatch } from "../report/collector.ts";

const run = promisify(execFile);

/**
 * Needs `taskset` (Linux) and two processors. `parentPid`: of this process, whose later children stay where it is put: the
 * generator's. Postgres' own inherit in the same way.
 */
export async function pin(processes: readonly ProcessToWatch[], parentPid: number): Promise<void> {
  const processors = availableParallelism();
  if (processors < 2) throw new Error("--pin needs two processors");
  const others = `1-${processors - 1}`;
  const places = processes.flatMap(({ name, pid }) =>
    pid === undefined ? [] : [{ pid, cpus: name.startsWith("gateway") ? "0" : others }],
  );
  places.push({ pid: parentPid, cpus: others });
  await Promise.all(places.map(async ({ pid, cpus }) => await place(pid, cpus)));
}

async function place(pid: number, cpus: string): Promise<void> {
  try {
    await run("taskset", ["-a", "-c", "-p", cpus, String(pid)]);
  } catch (cause) {
    throw new Error("--pin needs taskset (util-linux)", { cause });
  }
}
