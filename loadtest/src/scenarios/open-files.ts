/** Open files of processes, sockets among them. */
import { readdir } from "node:fs/promises";

/** Undefined where there is no /proc, or the process is gone or another user's. */
export async function countOpenFiles(pid: number): Promise<number | undefined> {
  return await readdir(`/proc/${pid}/fd`).then(
    (files) => files.length,
    () => undefined,
  );
}
