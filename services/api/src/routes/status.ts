import type { StoredSession } from "@drawchat/db/sessions";
import { sessionRoom } from "@drawchat/protocol/ids";
import { DisabledStatus, Status } from "@drawchat/protocol/rest";
import type { Glance } from "@drawchat/redis/glance";
import { stateAt } from "@drawchat/schedule/window";
import Type from "typebox";
import { type Answer, answerOf, sendAnswer } from "../answer.ts";
import type { ApiParts, App } from "../api.ts";
import { readOptionalId } from "../query.ts";
import { parsedByHand, problems, sessionQuery } from "../schemas.ts";
import { iso } from "../session-view.ts";

const DISABLED = { enabled: false, message: "Live chat is disabled" } as const;

const DISABLED_ANSWER = answerOf(DISABLED);

/** Never to be kept, unlike pages: `server_time` is right only when it is sent. Who polls may still ask by tag. */
export function addStatusRoute(app: App, { glances, sessions, settings }: ApiParts): void {
  const schema = {
    summary: "State of the current or of a session",
    querystring: sessionQuery,
    response: { 200: Type.Union([Status, DisabledStatus]), ...problems(400, 404) },
  };
  // Everybody who shares a look at the room shares the answer made of it.
  const answers = new WeakMap<Glance, { session: StoredSession; answer: Answer }>();
  app.get("/live-chat/status", { schema, validatorCompiler: parsedByHand }, async (request, reply) => {
    if (!settings.enabled) return sendAnswer(request, reply, DISABLED_ANSWER);
    const { session, nowMs } = await sessions.resolve(readOptionalId(request.query, "session_id"));
    if (session === undefined) return sendAnswer(request, reply, tagged(noDraw(nowMs)));
    const glance = await glances.look(sessionRoom(session.id));
    const shared = answers.get(glance);
    if (shared?.session === session) return sendAnswer(request, reply, shared.answer);
    const answer = tagged(statusOf(session, glance));
    answers.set(glance, { session, answer });
    return sendAnswer(request, reply, answer);
  });
}

function tagged(status: Status): Answer {
  const { server_time: _moves, ...rest } = status;
  return answerOf(status, rest);
}

function noDraw(nowMs: number): Status {
  const none = { session_id: null, draw_at: null, opens_at: null, closes_at: null };
  return { enabled: true, active: false, state: "no_draw", ...none, server_time: iso(nowMs), total_likes: 0, viewers: 0 };
}

/** Whichever knows the later policy decides; counts are those of Redis, or of the row where Redis has no such room. */
function statusOf(session: StoredSession, { redisTimeMs, room }: Glance): Status {
  const newer = room !== undefined && room.policy.version > session.policyVersion ? room.policy : undefined;
  const { state, opensAtMs, closesAtMs, drawAtMs } = newer
    ? { state: newer.state, opensAtMs: newer.opensMs, closesAtMs: newer.closesMs, drawAtMs: newer.drawMs }
    : session;
  const stateNow = stateAt({ state, opensAtMs, closesAtMs }, redisTimeMs);
  return {
    enabled: true,
    active: stateNow === "open",
    state: stateNow,
    session_id: session.id,
    draw_at: iso(drawAtMs),
    opens_at: iso(opensAtMs),
    closes_at: iso(closesAtMs),
    server_time: iso(redisTimeMs),
    total_likes: room?.totalLikes ?? session.totalLikes,
    viewers: room?.viewers ?? 0,
  };
}
