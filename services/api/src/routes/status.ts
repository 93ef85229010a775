import { isDeepStrictEqual } from "node:util";
import type { StoredSession } from "@drawchat/db/sessions";
import type { SessionState } from "@drawchat/protocol/frames";
import { sessionRoom } from "@drawchat/protocol/ids";
import { DisabledStatus, Status } from "@drawchat/protocol/rest";
import type { Glance } from "@drawchat/redis/glance";
import { Lru } from "@drawchat/runtime/lru";
import { stateAt, type TimedSession } from "@drawchat/schedule/window";
import Type from "typebox";
import { type Answer, type AnswerRead, answerOf, etagOf, sendAnswer } from "../answer.ts";
import type { ApiParts, App } from "../api.ts";
import { readOptionalId } from "../query.ts";
import { problems, sessionQuery } from "../schemas.ts";
import { iso } from "../session-view.ts";

export const STATUS_PATH = "/live-chat/status";

const DISABLED = { enabled: false, message: "Live chat is disabled" } as const;

const DISABLED_ANSWER = answerOf(DISABLED);

/** Never to be kept, unlike pages: `server_time` is right only when it is sent. Who polls may still ask by tag. */
export function statusRead({ glances, sessions, settings }: ApiParts): AnswerRead {
  const texts = new StatusTexts();
  return async (query) => {
    if (!settings.enabled) return DISABLED_ANSWER;
    const { session, nowMs } = await sessions.resolve(readOptionalId(query, "session_id"));
    if (session === undefined) return answerOf(noDraw(nowMs));
    return texts.answer(session, await glances.look(sessionRoom(session.id)), nowMs);
  };
}

export function addStatusRoute(app: App, read: AnswerRead): void {
  const schema = {
    summary: "State of the current or of a session",
    querystring: sessionQuery,
    response: { 200: Type.Union([Status, DisabledStatus]), ...problems(400, 404) },
  };
  app.get(STATUS_PATH, { schema }, async (request, reply) => sendAnswer(request, reply, await read(request.query)));
}

/** The text around `server_time`, with all that it was made of. */
interface StatusText {
  session: StoredSession;
  room: Glance["room"];
  state: SessionState;
  head: string;
  tail: string;
  etag: string;
}

/** Each session's last text: most looks find what the one before found. */
class StatusTexts {
  readonly #last = new Lru<number, StatusText>(MAX_SESSIONS);

  answer(session: StoredSession, glance: Glance, nowMs: number): Answer {
    const window = windowOf(session, glance);
    const state = stateAt(window, nowMs);
    let text = this.#last.get(session.id);
    if (text === undefined || text.session !== session || text.state !== state || !isDeepStrictEqual(text.room, glance.room)) {
      const [head = "", tail = ""] = JSON.stringify(statusOf(session, glance, { ...window, state })).split(TIME_SLOT);
      text = { session, room: glance.room, state, head, tail, etag: `W/${etagOf(head + tail)}` };
      this.#last.set(session.id, text);
    }
    return { body: text.head + iso(nowMs) + text.tail, etag: text.etag };
  }
}

const MAX_SESSIONS = 1_000;

/** Stands for the time in a text that is made ahead. */
const TIME_SLOT = "<server_time>";

function noDraw(nowMs: number): Status {
  const none = { session_id: null, draw_at: null, opens_at: null, closes_at: null };
  return { enabled: true, active: false, state: "no_draw", ...none, server_time: iso(nowMs), total_likes: 0, viewers: 0 };
}

/** Whichever knows the later policy decides. */
function windowOf(session: StoredSession, { room }: Glance): TimedSession {
  if (room === undefined || room.policy.version <= session.policyVersion) return session;
  const { state, opensMs, closesMs, drawMs } = room.policy;
  return { state, opensAtMs: opensMs, closesAtMs: closesMs, drawAtMs: drawMs };
}

/** Counts are those of Redis, or of the row where Redis has no such room. */
function statusOf(session: StoredSession, { room }: Glance, { state, opensAtMs, closesAtMs, drawAtMs }: TimedSession): Status {
  return {
    enabled: true,
    active: state === "open",
    state,
    session_id: session.id,
    draw_at: iso(drawAtMs),
    opens_at: iso(opensAtMs),
    closes_at: iso(closesAtMs),
    server_time: TIME_SLOT,
    total_likes: room?.totalLikes ?? session.totalLikes,
    viewers: room?.viewers ?? 0,
  };
}
