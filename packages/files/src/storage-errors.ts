import { ClientError } from "@drawchat/protocol/errors";

const FULL = ["ENOSPC", "EDQUOT"];

/** `storage_full` where there is no space, else `unavailable`: a folder or server that cannot be reached. */
export function storageError(error: unknown): ClientError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ClientError) return cause;
    if ("code" in cause && typeof cause.code === "string" && FULL.includes(cause.code))
      return new ClientError("storage_full", { cause: error });
  }
  return new ClientError("unavailable", { detail: "The storage of files cannot be reached; try again.", cause: error });
}
