/** From bytes that somebody sent to what is kept of them. */
import { ClientError } from "@drawchat/protocol/errors";
import pLimit from "p-limit";
import { cleanImage } from "./image.ts";
import { type FileKind, sniffKind } from "./kind.ts";
import { expectHarmlessPdf } from "./pdf.ts";

/** Processor, memory and two of the four threads of Node's pool: others go on beside them. */
const AT_ONCE = 2;
/** Some 10 s at worst: a balancer gives up after 30. */
const MAX_WAITING = 8;
const decodes = pLimit(AT_ONCE);

export interface PreparedFile {
  readonly kind: FileKind;
  readonly bytes: Buffer;
  /** Pixels of an image. */
  readonly width: number | null;
  readonly height: number | null;
  /** Of an image, WebP. */
  readonly thumbnail: Buffer | undefined;
}

export interface UncheckedFile {
  /** The beginning, at least SNIFFED_BYTES where there are as many. */
  readonly head: Buffer;
  /** All of it; called once its turn has come, so that what waits is not in memory. */
  readonly read: () => Promise<Buffer>;
}

/**
 * Checks and rewrites a file, at most two at once in a process. Throws `type_mismatch`, `bad_image`, `bad_pdf`, `active_pdf`,
 * or `busy` where too many wait.
 */
export async function prepareFile({ head, read }: UncheckedFile): Promise<PreparedFile> {
  const kind = await sniffKind(head);
  if (kind === undefined) throw new ClientError("type_mismatch");
  if (decodes.pendingCount >= MAX_WAITING) throw new ClientError("busy");
  return decodes(async () => {
    const bytes = await read();
    if (kind.name !== "pdf") return { kind, ...(await cleanImage(bytes, kind)) };
    await expectHarmlessPdf(bytes);
    return { kind, bytes, width: null, height: null, thumbnail: undefined };
  });
}
