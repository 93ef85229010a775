/**
 * Where files are kept, a local folder or a bucket: the same paths in both, made of an upload's random id and nothing else.
 * The row of an upload is written after its file and removed before it: a row always has one, and a file without a row is
 * left over.
 */
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { ConfigError } from "@drawchat/runtime/env";
import { FileStorage } from "@flystorage/file-storage";
import { LocalStorageAdapter } from "@flystorage/local-fs";
import type { UploadSettings } from "./settings.ts";
import { storageError } from "./storage-errors.ts";

export type Variant = "file" | "thumbnail";

export interface ByteRange {
  readonly start: number;
  /** The last byte's place. */
  readonly end: number;
}

export interface StoredFile {
  readonly id: string;
  readonly variant: Variant;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const STORED = /(?:^|\/)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\.thumbnail)?$/;

export interface FileStoreOptions {
  storage: FileStorage;
  /** Holds what is on its way in. */
  incomingDir: string;
  /** Holds the files, where they are in a folder. */
  filesDir?: string;
}

/** By the settings; opens nothing yet. */
export async function openFileStore({ dir, s3 }: UploadSettings): Promise<FileStore> {
  const incomingDir = join(dir, "incoming");
  if (s3 !== undefined) {
    const { bucketAdapter } = await import("./bucket.ts"); // without a bucket nobody waits for Amazon's library
    return new FileStore({ storage: new FileStorage(bucketAdapter(s3)), incomingDir });
  }
  const filesDir = join(dir, "files");
  return new FileStore({ storage: new FileStorage(new LocalStorageAdapter(filesDir)), incomingDir, filesDir });
}

export class FileStore {
  readonly incomingDir: string;
  readonly #storage: FileStorage;
  readonly #dirs: readonly string[];

  constructor({ storage, incomingDir, filesDir }: FileStoreOptions) {
    this.#storage = storage;
    this.incomingDir = incomingDir;
    this.#dirs = filesDir === undefined ? [incomingDir] : [incomingDir, filesDir];
  }

  /** Makes the folders. Throws a ConfigError where this process may not write there. */
  async prepare(): Promise<void> {
    try {
      for (const dir of this.#dirs) {
        await mkdir(dir, { recursive: true });
        await rm(await mkdtemp(join(dir, "probe-")), { recursive: true });
      }
    } catch (error) {
      throw new ConfigError([`UPLOADS_DIR cannot be written to: ${error instanceof Error ? error.message : String(error)}`]);
    }
  }

  /** Throws `storage_full` or `unavailable`; then nothing of it stays, as far as the store can be reached. */
  async write(id: string, variant: Variant, { bytes, contentType }: { bytes: Buffer; contentType: string }): Promise<void> {
    try {
      await this.#storage.write(pathOf(id, variant), bytes, { mimeType: contentType });
    } catch (error) {
      await this.remove(id).catch(() => undefined); // what stays has no row, and is swept
      throw storageError(error);
    }
  }

  /** Undefined where there is no such file. Throws `unavailable`; so does the stream. */
  async read(id: string, variant: Variant, range: ByteRange): Promise<Readable | undefined> {
    try {
      const source = await this.#storage.read(pathOf(id, variant));
      await once(source, "readable");
      return cut(source, range);
    } catch (error) {
      if (error instanceof Error && "wasFileNotFound" in error && error.wasFileNotFound === true) return undefined;
      throw storageError(error);
    }
  }

  /** Both variants; harmless where they are gone. */
  async remove(id: string): Promise<void> {
    await this.#storage.deleteFile(pathOf(id, "file"));
    await this.#storage.deleteFile(pathOf(id, "thumbnail"));
  }

  /** All files, in no order. */
  async *list(): AsyncGenerator<StoredFile> {
    for await (const { isFile, path } of this.#storage.list("", { deep: true })) {
      const [, id, ending] = STORED.exec(path) ?? [];
      if (isFile && id !== undefined) yield { id, variant: ending === undefined ? "file" : "thumbnail" };
    }
  }

  /** False where it is gone. */
  async isOlder({ id, variant }: StoredFile, ageMs: number): Promise<boolean> {
    const path = pathOf(id, variant);
    if (!(await this.#storage.fileExists(path))) return false;
    return Date.now() - (await this.#storage.lastModified(path)) > ageMs;
  }

  /** Files on their way in that nobody can be writing any more: where folders are shared over a network they may stay. */
  async removeStaleIncoming(ageMs: number): Promise<number> {
    let removed = 0;
    for (const name of await readdir(this.incomingDir)) {
      const path = join(this.incomingDir, name);
      const modifiedMs = (await stat(path).catch(() => undefined))?.mtimeMs;
      if (modifiedMs === undefined || Date.now() - modifiedMs < ageMs) continue;
      await rm(path, { recursive: true, force: true });
      removed += 1;
    }
    return removed;
  }
}

/** Throws for anything but an id: nothing of a client's making becomes a path. */
function pathOf(id: string, variant: Variant): string {
  if (!UUID.test(id)) throw new TypeError("a file needs an upload's id");
  return `${id.slice(0, 2)}/${id}${variant === "file" ? "" : ".thumbnail"}`;
}

/**
 * A part of the stream. Neither adapter reads parts, and none closes its file or connection when a reader goes away: the
 * rest is read to the end then, it is 10 MiB at most.
 */
function cut(source: Readable, { start, end }: ByteRange): Readable {
  let at = 0;
  const part = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const wanted = chunk.subarray(Math.max(0, start - at), Math.max(0, end + 1 - at));
      at += chunk.length;
      done(null, wanted);
    },
  });
  source.on("error", (error) => part.destroy(storageError(error)));
  part.on("close", () => source.unpipe(part).resume());
  return source.pipe(part);
}
