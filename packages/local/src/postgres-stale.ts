/**
 * `postmaster.pid` after a hard end. Process ids come round again (in a container within seconds), and Postgres
 * refuses to start while the id in that file belongs to anything alive: so look at what it really is.
 */
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

const STOP_TIMEOUT_MS = 20_000;
const POLL_MS = 50;

/**
 * Stops a Postgres that was left behind on this cluster; removes the file where its id belongs to something else by
 * now. A file whose process is gone stays: Postgres itself finds in it whether sessions of that process still end.
 */
export async function clearStalePid(cluster: string): Promise<void> {
  const path = join(cluster, "postmaster.pid");
  const text = await readFile(path, "utf8").catch(() => "");
  const pid = Number(text.split("\n", 1)[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  await stopLeftBehind(pid, cluster);
  if ((await commandLine(pid)) !== "") await rm(path, { force: true });
}

async function stopLeftBehind(pid: number, cluster: string): Promise<void> {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  let signal: NodeJS.Signals = "SIGINT";
  while ((await commandLine(pid)).includes(`-D ${cluster} `)) {
    if (Date.now() > deadline) signal = "SIGQUIT"; // immediate shutdown; the next start recovers
    kill(pid, signal);
    await delay(POLL_MS);
  }
}

/** Empty where there is no such process. */
async function commandLine(pid: number): Promise<string> {
  const proc = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => undefined);
  if (proc !== undefined) return proc.replaceAll("\0", " ");
  if (process.platform === "linux") return "";
  return await promisify(execFile)("ps", ["-o", "command=", "-p", String(pid)]).then(
    ({ stdout }) => stdout,
    () => "",
  );
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it ended in between: the loop sees that
  }
}
