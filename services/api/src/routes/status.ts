import type { StoredSession } from "@drawchat/db/sessions";
import { sessionRoom } from "@drawchat/protocol/ids";
import { DisabledStatus, Status } from "@drawchat/protocol/rest";
import type { RedisClient } from "@drawchat/redis/connect";
import { readRoom } from "@drawchat/redis/room-state";
import { stateAt } from "@drawchat/schedule/window";
import Type from "typebox";
import type { ApiParts, App } from "../api.ts";
import { readOptionalId } from "../query.ts";
import { parsedByHand, problems, sessionQuery } from "../schemas.ts";
import { iso } from "../session-view.ts";

const DISABLED = { enabled: false, message: "Live chat is disabled" } as const;

export function addStatusRoute(app: App, { redis, sessions, settings }: ApiParts): void {
  const schema = {
    summary: "State of the current or of a session",
    querystring: sessionQuery,
    response: { 200: Type.Union([Status, DisabledStatus]), ...problems(400, 404) },
  };
  app.get("/live-chat/status", { schema, validatorCompiler: parsedByHand }, async (request): Promise<Status | typeof DISABLED> => {
    if (!settings.enabled) return DISABLED;
    const { session, nowMs } = await sessions.resolve(readOptionalId(request.query, "session_id"));
    return session === undefined ? noDraw(nowMs) : statusOf(redis, session, nowMs);
  });
}

function noDraw(nowMs: number): Status {
  const none = { session_id: null, draw_at: null, opens_at: null, closes_at: null };
  return { enabled: true, active: false, state: "no_draw", ...none, server_time: iso(nowMs), total_likes: 0, viewers: 0 };
}

/** Whichever knows the later policy decides; counts are those of Redis, or of the row where Redis has no such room. */
async function statusOf(redis: RedisClient, session: StoredSession, nowMs: number): Promise<Status> {
  const room = await readRoom(redis, sessionRoom(session.id));
  const newer = room !== undefined && room.policy.version > session.policyVersion ? room.policy : undefined;
  const { state, opensAtMs, closesAtMs, drawAtMs } = newer
    ? { state: newer.state, opensAtMs: newer.opensMs, closesAtMs: newer.closesMs, drawAtMs: newer.drawMs }
    : session;
  const stateNow = stateAt({ state, opensAtMs, closesAtMs }, nowMs);
  return {
    enabled: true,
    active: stateNow === "open",
    state: stateNow,
    session_id: session.id,
    draw_at: iso(drawAtMs),
    opens_at: iso(opensAtMs),
    closes_at: iso(closesAtMs),
    server_time: iso(nowMs),
    total_likes: room?.likes.get("s") ?? session.totalLikes,
    viewers: room?.viewers ?? 0,
  };
}
