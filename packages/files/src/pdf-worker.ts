/** A thread for one PDF. It says which code refuses the file, or null; what it may use is set by whoever starts it. */
import { parentPort, workerData } from "node:worker_threads";
import { ClientError, type ErrorCode } from "@drawchat/protocol/errors";
import { scanPdf } from "./pdf-scan.ts";

function judge(bytes: Uint8Array): ErrorCode | null {
  try {
    scanPdf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return null;
  } catch (error) {
    if (error instanceof ClientError) return error.code;
    throw error;
  }
}

if (!(workerData instanceof Uint8Array)) throw new TypeError("a PDF's bytes are needed");
parentPort?.postMessage(judge(workerData));
