/** Files of uploads that are of no use any more. Harmless to run in several processes. */
import type { Db } from "@drawchat/db/connect";
import { deleteUselessUploads, findKnownUploads } from "@drawchat/db/uploads";
import type { FileStore, StoredFile } from "@drawchat/files/store";
import type { Log } from "@drawchat/runtime/log";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BATCH = 500;

export interface UploadSweepParts {
  db: Db;
  files: FileStore;
  log: Log;
  /** Aborted when the process is to end. */
  stopping: AbortSignal;
}

/** The row first: what is cut off between leaves a file without one, which `sweepLostFiles` finds. */
export async function sweepUploads({ db, files, log, stopping }: UploadSweepParts): Promise<void> {
  let removed = 0;
  for (let found = BATCH; found === BATCH && !stopping.aborted; removed += found) {
    const ids = await deleteUselessUploads(db);
    for (const id of ids) await files.remove(id);
    found = ids.length;
  }
  const stale = await files.removeStaleIncoming(HOUR_MS);
  if (removed + stale > 0) log.info({ component: "conversations", uploads: removed, unfinished: stale }, "uploads swept");
}

/** A young one may be about to get its row. */
export async function sweepLostFiles({ db, files, log, stopping }: UploadSweepParts): Promise<void> {
  let removed = 0;
  const sweep = async (batch: readonly StoredFile[]) => {
    const known = await findKnownUploads(db, [...new Set(batch.map(({ id }) => id))]);
    for (const file of batch) {
      if (known.has(file.id) || !(await files.isOlder(file, DAY_MS))) continue;
      await files.remove(file.id);
      removed += 1;
    }
  };
  const batch: StoredFile[] = [];
  for await (const file of files.list()) {
    if (stopping.aborted) break;
    batch.push(file);
    if (batch.length === BATCH) await sweep(batch.splice(0));
  }
  await sweep(batch);
  if (removed > 0) log.warn({ component: "conversations", uploads: removed }, "files without a row removed");
}
