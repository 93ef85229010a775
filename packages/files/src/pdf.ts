/** PDFs are looked through in a thread of their own, which ends with the file: by its answer, its time or its memory. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { ClientError, isErrorCode } from "@drawchat/protocol/errors";

/** Of the heap; the file, its text and what is inflated are outside of it and bounded by the scan: some 110 MB. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

export interface PdfLimits {
  /** Default 5,000. */
  maxMs?: number;
}

/** Throws `active_pdf` or `bad_pdf`; the latter also where it takes too long or too much memory. */
export async function expectHarmlessPdf(bytes: Buffer, { maxMs = 5_000 }: PdfLimits = {}): Promise<void> {
  const worker = new Worker(new URL("./pdf-worker.ts", import.meta.url), { workerData: Uint8Array.from(bytes), resourceLimits: LIMITS });
  try {
    const [code]: unknown[] = await once(worker, "message", { signal: AbortSignal.timeout(maxMs) });
    if (typeof code === "string" && isErrorCode(code)) throw new ClientError(code);
  } catch (cause) {
    if (cause instanceof Error && isOverLimit(cause)) throw new ClientError("bad_pdf", { cause });
    throw cause;
  } finally {
    await worker.terminate();
  }
}

function isOverLimit(error: Error): boolean {
  return error.name === "AbortError" || ("code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY");
}
