/** A file on its way in. It has no name on disk from the start: whatever becomes of this process, nothing of it stays. */
import { randomUUID } from "node:crypto";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ClientError } from "@drawchat/protocol/errors";
import { SNIFFED_BYTES } from "./kind.ts";
import { storageError } from "./storage-errors.ts";

export class Incoming {
  readonly #file: FileHandle;
  #sizeBytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Throws `storage_full` or `unavailable`. The caller closes it. */
  static async open(dir: string): Promise<Incoming> {
    const path = join(dir, randomUUID());
    try {
      const file = await open(path, "wx+", 0o600);
      await unlink(path);
      return new Incoming(file);
    } catch (error) {
      throw storageError(error);
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Takes all that comes; throws `too_large` at the limit, whatever the stream fails with, and `storage_full`. */
  async receive(stream: AsyncIterable<Buffer>, maxBytes: number): Promise<void> {
    for await (const chunk of stream) {
      this.#sizeBytes += chunk.length;
      if (this.#sizeBytes > maxBytes) throw new ClientError("too_large");
      await this.#file.writeFile(chunk).catch((error: unknown) => {
        throw storageError(error);
      });
    }
  }

  /** The beginning, for sniffing. */
  async head(): Promise<Buffer> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.alloc(SNIFFED_BYTES), 0, SNIFFED_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  }

  async read(): Promise<Buffer> {
    const bytes = Buffer.alloc(this.#sizeBytes);
    await this.#file.read(bytes, 0, bytes.length, 0);
    return bytes;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
