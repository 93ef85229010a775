/** A store of files whose disk is full: what is longer than some bytes is written in part, and refused. */
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { FileStore } from "@drawchat/files/store";
import { FileStorage } from "@flystorage/file-storage";
import { LocalStorageAdapter } from "@flystorage/local-fs";

class FullDisk extends LocalStorageAdapter {
  readonly #freeBytes: number;

  constructor(dir: string, freeBytes: number) {
    super(dir);
    this.#freeBytes = freeBytes;
  }

  override async write(...[path, contents, options]: Parameters<LocalStorageAdapter["write"]>): Promise<void> {
    const bytes = await buffer(contents);
    await super.write(path, Readable.from([bytes.subarray(0, this.#freeBytes)]), options);
    if (bytes.length > this.#freeBytes) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  }
}

export function fullDiskStore(dir: string, { freeBytes }: { freeBytes: number }): FileStore {
  const filesDir = join(dir, "files");
  return new FileStore({ storage: new FileStorage(new FullDisk(filesDir, freeBytes)), incomingDir: join(dir, "incoming"), filesDir });
}
