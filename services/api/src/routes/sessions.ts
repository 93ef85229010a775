/** The admin's calls about sessions. Each change is committed to Postgres first, then told to Redis. */
import { closeSession, createSession, MAX_WINNERS, setWinner } from "@drawchat/db/session-changes";
import { cancelSession, type RescheduleRefusal, rescheduleSession } from "@drawchat/db/session-reschedule";
import type { SessionDraw } from "@drawchat/db/session-writing";
import { listSessions, type StoredSession } from "@drawchat/db/sessions";
import { ClientError } from "@drawchat/protocol/errors";
import { NewSession, Session, SessionChange, SessionPage } from "@drawchat/protocol/rest";
import { localDateOf } from "@drawchat/schedule/draw-config";
import { type DrawWindow, HOUR_MS, windowOf } from "@drawchat/schedule/window";
import type { ApiParts, App } from "../api.ts";
import { callerOf, type RequestHook, requireRole } from "../bearer.ts";
import { readLimit, readOptionalId, readOptionalState, readPathId } from "../query.ts";
import { idParams, noContent, problems, sessionsQuery } from "../schemas.ts";
import { applyCommitted, viewOf } from "../session-view.ts";

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 50;
const EARLIEST_DRAW_MS = Date.UTC(2020, 0, 1);
const LATEST_DRAW_MS = Date.UTC(2100, 0, 1);

export function addSessionRoutes(app: App, parts: ApiParts): void {
  const onRequest = [requireRole("admin"), limited(parts)];

  const create = { summary: "Make a session", body: NewSession, response: { 201: Session, ...problems(400, 409, 413, 415, 429) } };
  app.post("/live-chat/sessions", { schema: create, onRequest }, async (request, reply): Promise<Session> => {
    reply.code(201);
    return createFrom(parts, request.body);
  });

  const list = { summary: "Sessions, newest first", querystring: sessionsQuery, response: { 200: SessionPage, ...problems(400) } };
  const readOnly = { onRequest: requireRole("admin") };
  app.get("/live-chat/sessions", { schema: list, ...readOnly }, async (request): Promise<SessionPage> => {
    const limit = readLimit(request.query, { max: MAX_LIMIT, fallback: DEFAULT_LIMIT });
    const before = readOptionalId(request.query, "before");
    const state = readOptionalState(request.query);
    const nowMs = await parts.sessions.nowMs();
    const sessions = await listSessions(parts.db, { before, limit, state, nowMs });
    const last = sessions.length === limit ? sessions.at(-1) : undefined;
    return { sessions: sessions.map((session) => viewOf(session, nowMs)), next_before: last?.id ?? null };
  });

  const close = { summary: "Close a session for good", params: idParams("id"), response: { 200: Session, ...problems(404, 409, 429) } };
  const change = { onRequest };
  app.post("/live-chat/sessions/:id/close", { schema: close, ...change }, async (request): Promise<Session> => {
    const closed = await closeSession(parts.db, readPathId(request.params.id, "session_not_found"));
    if (closed === undefined) throw new ClientError("session_not_found");
    if (closed === "conflict") throw new ClientError("conflict", { detail: "The session was cancelled." });
    await follow(parts, closed);
    return viewOf(closed, await parts.sessions.nowMs());
  });

  addWinnerRoutes(app, parts, change);
  addRescheduleRoutes(app, parts, onRequest);
}

function addRescheduleRoutes(app: App, parts: ApiParts, onRequest: RequestHook[]): void {
  const params = idParams("id");
  const move = {
    summary: "Move or extend a session",
    params,
    body: SessionChange,
    response: { 200: Session, ...problems(400, 404, 409, 413, 415, 429) },
  };
  app.patch("/live-chat/sessions/:id", { schema: move, onRequest }, async (request): Promise<Session> => {
    const id = readPathId(request.params.id, "session_not_found");
    return moveTo(parts, id, request.body);
  });

  const cancel = { summary: "Cancel a session for good", params, response: { 200: Session, ...problems(404, 409, 429) } };
  const options = { schema: cancel, onRequest };
  app.post("/live-chat/sessions/:id/cancel", options, async (request): Promise<Session> => {
    const nowMs = await parts.sessions.nowMs();
    const cancelled = await cancelSession(parts.db, readPathId(request.params.id, "session_not_found"), nowMs);
    if (cancelled === undefined) throw new ClientError("session_not_found");
    if (cancelled === "over") throw new ClientError("conflict", { detail: "The session is over." });
    await follow(parts, cancelled);
    parts.log.info({ component: "live_chat", session: cancelled.id }, "session cancelled");
    return viewOf(cancelled, nowMs);
  });
}

const REFUSALS: Record<Exclude<RescheduleRefusal, "unknown">, string> = {
  over: "The session is over.",
  taken: "There is a session with this draw_at; cancelled ones keep theirs.",
  ended: "This window has ended already.",
};

async function moveTo(parts: ApiParts, id: number, change: SessionChange): Promise<Session> {
  const drawAtMs = change.draw_at === undefined ? undefined : readDrawAt(change.draw_at);
  const nowMs = await parts.sessions.nowMs();
  const plan = (current: StoredSession) => planOf(parts, current, { ...change, drawAtMs: drawAtMs ?? current.drawAtMs });
  const moved = await rescheduleSession(parts.db, { id, plan, nowMs });
  if (moved === "unknown") throw new ClientError("session_not_found");
  if (typeof moved === "string") throw new ClientError("conflict", { detail: REFUSALS[moved] });
  for (const session of [...moved.replaced, moved.session]) await follow(parts, session);
  const { drawAtMs: draw_at, opensAtMs: opens_at, closesAtMs: closes_at } = moved.session;
  parts.log.info({ component: "live_chat", session: id, draw_at, opens_at, closes_at }, "session moved");
  return viewOf(moved.session, nowMs);
}

/** Hours that are not named stay as they are. */
function planOf({ draw }: ApiParts, current: StoredSession, change: SessionChange & { drawAtMs: number }): SessionDraw {
  const preHours = change.pre_hours ?? (current.drawAtMs - current.opensAtMs) / HOUR_MS;
  const postHours = change.post_hours ?? (current.closesAtMs - current.drawAtMs) / HOUR_MS;
  return { drawDate: localDateOf(draw.timeZone, change.drawAtMs), ...readWindow(change.drawAtMs, preHours, postHours) };
}

function addWinnerRoutes(app: App, parts: ApiParts, change: object): void {
  for (const [method, wins, summary] of [
    ["PUT", true, "Make a user a winner"] as const,
    ["DELETE", false, "No longer a winner"] as const,
  ]) {
    const schema = {
      summary,
      params: idParams("id", "user_id"),
      response: { 204: noContent, ...problems(404, ...(wins ? [409 as const] : []), 429) },
    };
    app.route({
      method,
      url: "/live-chat/sessions/:id/winners/:user_id",
      schema,
      ...change,
      handler: async (request, reply) => {
        const id = readPathId(request.params.id, "session_not_found");
        const userId = readPathId(request.params.user_id);
        const session = await setWinner(parts.db, id, { userId, wins });
        if (session === undefined) throw new ClientError("session_not_found");
        if (session === "full") throw new ClientError("conflict", { detail: `A session has at most ${MAX_WINNERS} winners.` });
        await follow(parts, session);
        return reply.code(204).send(null);
      },
    });
  }
}

/** The instant in Unix ms. */
function readDrawAt(text: string): number {
  const drawAtMs = Date.parse(text);
  if (drawAtMs >= EARLIEST_DRAW_MS && drawAtMs < LATEST_DRAW_MS) return drawAtMs;
  throw new ClientError("bad_request", { detail: "draw_at must lie between 2020 and 2100." });
}

/** A window without length would never open. */
function readWindow(drawAtMs: number, preHours: number, postHours: number): DrawWindow {
  const window = windowOf(drawAtMs, preHours, postHours);
  if (window.opensAtMs < window.closesAtMs) return window;
  throw new ClientError("bad_request", { detail: "pre_hours and post_hours must not both be 0." });
}

async function createFrom(parts: ApiParts, body: NewSession): Promise<Session> {
  const { db, draw, settings, sessions } = parts;
  const drawAtMs = readDrawAt(body.draw_at);
  const window = readWindow(drawAtMs, body.pre_hours ?? settings.preDrawHours, body.post_hours ?? settings.postDrawHours);
  const nowMs = await sessions.nowMs();
  const created = await createSession(db, { drawDate: localDateOf(draw.timeZone, drawAtMs), ...window }, nowMs);
  if (created === "conflict") throw new ClientError("conflict", { detail: "There is a session with this draw_at." });
  for (const session of [...created.replaced, created.session]) await follow(parts, session);
  parts.log.info({ component: "live_chat", session: created.session.id, draw_at: body.draw_at }, "session made");
  return viewOf(created.session, nowMs);
}

async function follow(parts: ApiParts, session: StoredSession): Promise<void> {
  parts.sessions.forget();
  await applyCommitted(parts, session);
}

/** Admins have the same budget of writes as everybody. */
function limited({ limiter }: ApiParts) {
  return async (request: Parameters<typeof callerOf>[0]) => limiter.take(callerOf(request).userId, "live_chat");
}
