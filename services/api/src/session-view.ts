/** A session as REST shows it. */
import { policyOf, type StoredSession } from "@drawchat/db/sessions";
import { sessionRoom } from "@drawchat/protocol/ids";
import type { Session } from "@drawchat/protocol/rest";
import { applyPolicy } from "@drawchat/redis/policy";
import { stateAt } from "@drawchat/schedule/window";
import type { ApiParts } from "./api.ts";

export function iso(unixMs: number): string {
  return new Date(unixMs).toISOString();
}

export function viewOf(session: StoredSession, nowMs: number): Session {
  const state = stateAt(session, nowMs);
  return {
    session_id: session.id,
    state,
    opens_at: iso(session.opensAtMs),
    closes_at: iso(session.closesAtMs),
    draw_at: iso(session.drawAtMs),
    is_active: state === "open",
    total_likes: session.totalLikes,
    peak_viewers: session.peakViewers,
    unique_viewers: session.uniqueViewers,
    winners: [...session.winners],
  };
}

/** Tells Redis of a committed change at once. Where that fails, the transaction's `apply_policy` job does it. */
export async function applyCommitted({ redis, log }: Pick<ApiParts, "redis" | "log">, session: StoredSession): Promise<void> {
  try {
    await applyPolicy(redis, sessionRoom(session.id), policyOf(session));
  } catch (error) {
    log.warn({ component: "live_chat", session: session.id, err: error }, "policy is left to the job");
  }
}
