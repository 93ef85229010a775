/** Gateways on a processor of their own, so that what they cost is not blurred by everybody else. */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import type { ProcessToWatch } from "../report/collector.ts";

const run = promisify(execFile);

/** Needs `taskset` (Linux) and two processors. Postgres' own processes inherit only if they start later. */
export async function pin(processes: readonly ProcessToWatch[], generatorPids: readonly number[] = []): Promise<void> {
  const processors = availableParallelism();
  if (processors < 2) throw new Error("--pin needs two processors");
  const others = `1-${processors - 1}`;
  const pids = processes.flatMap(({ name, pid }) => (pid === undefined ? [] : [{ pid, cpus: name.startsWith("gateway") ? "0" : others }]));
  for (const pid of generatorPids) pids.push({ pid, cpus: others });
  await Promise.all(pids.map(async ({ pid, cpus }) => await place(pid, cpus)));
}

async function place(pid: number, cpus: string): Promise<void> {
  try {
    await run("taskset", ["-a", "-c", "-p", cpus, String(pid)]);
  } catch (cause) {
    throw new Error("--pin needs taskset (util-linux)", { cause });
  }
}
