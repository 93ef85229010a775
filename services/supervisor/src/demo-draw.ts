/** A draw that is on now, so that a fresh start has something to show. */
import type { Db } from "@drawchat/db/connect";
import { createSession } from "@drawchat/db/session-changes";
import { listCurrentCandidates } from "@drawchat/db/sessions";

const MINUTE_MS = 60_000;
/** One that is nearly over would end under who has just come. */
const LEFT_MIN_MS = 30 * MINUTE_MS;

/** Reuses a session that stays open for 30 minutes at least; else opens one from 30 minutes ago to 90 minutes from now. Returns its id. */
export async function openDemoDraw(db: Db, timeZone: string): Promise<number> {
  const nowMs = Date.now();
  const open = (await listCurrentCandidates(db, nowMs)).find(
    ({ opensAtMs, closesAtMs, state }) =>
      opensAtMs <= nowMs && closesAtMs - nowMs >= LEFT_MIN_MS && (state === "open" || state === "scheduled"),
  );
  if (open !== undefined) return open.id;
  const drawAtMs = nowMs + 30 * MINUTE_MS;
  const drawDate = new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(drawAtMs);
  const draw = { drawDate, drawAtMs, opensAtMs: nowMs - 30 * MINUTE_MS, closesAtMs: nowMs + 90 * MINUTE_MS };
  const created = await createSession(db, draw, nowMs);
  if (created === "conflict") throw new Error("the demo draw's instant is taken: start again");
  return created.session.id;
}
