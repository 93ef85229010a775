/** A room that Redis does not know comes back through the api, which alone reads both stores for it. */
import type { RoomName } from "@drawchat/protocol/ids";
import type { AcceptorOptions } from "@drawchat/redis/accept";

const TIMEOUT_MS = 5_000;

/** By the api's private port. Never rejects. */
export function roomRestorer(apiInternalUrl: string): AcceptorOptions["restoreRoom"] {
  return async (room: RoomName) => {
    try {
      const url = new URL(`/internal/rooms/${room}/restore`, apiInternalUrl);
      const response = await fetch(url, { method: "POST", signal: AbortSignal.timeout(TIMEOUT_MS) });
      await response.body?.cancel();
      if (response.status === 204) return "restored";
      return response.status === 404 ? "unknown" : "unavailable";
    } catch {
      return "unavailable"; // refused, cut or too slow: the job is run again
    }
  };
}
