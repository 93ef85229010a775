/** The admin's calls about sessions. Each change is committed to Postgres first, then told to Redis. */
import { closeSession, createSession, setWinner } from "@drawchat/db/session-changes";
import { listSessions, type StoredSession } from "@drawchat/db/sessions";
import { ClientError } from "@drawchat/protocol/errors";
import { NewSession, Session, SessionPage } from "@drawchat/protocol/rest";
import { localDateOf } from "@drawchat/schedule/draw-config";
import { windowOf } from "@drawchat/schedule/window";
import type { ApiParts, App } from "../api.ts";
import { callerOf, requireRole } from "../bearer.ts";
import { readLimit, readOptionalId, readPathId } from "../query.ts";
import { idParams, noContent, parsedByHand, problems, sessionsQuery } from "../schemas.ts";
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
  const readOnly = { onRequest: requireRole("admin"), validatorCompiler: parsedByHand };
  app.get("/live-chat/sessions", { schema: list, ...readOnly }, async (request): Promise<SessionPage> => {
    const limit = readLimit(request.query, { max: MAX_LIMIT, fallback: DEFAULT_LIMIT });
    const before = readOptionalId(request.query, "before");
    const nowMs = await parts.sessions.nowMs();
    const sessions = await listSessions(parts.db, { before, limit });
    const last = sessions.length === limit ? sessions.at(-1) : undefined;
    return { sessions: sessions.map((session) => viewOf(session, nowMs)), next_before: last?.id ?? null };
  });

  const close = { summary: "Close a session for good", params: idParams("id"), response: { 200: Session, ...problems(404, 409, 429) } };
  const change = { onRequest, validatorCompiler: parsedByHand };
  app.post("/live-chat/sessions/:id/close", { schema: close, ...change }, async (request): Promise<Session> => {
    const closed = await closeSession(parts.db, readPathId(request.params.id, "session_not_found"));
    if (closed === undefined) throw new ClientError("session_not_found");
    if (closed === "conflict") throw new ClientError("conflict", { detail: "The session was cancelled." });
    await follow(parts, closed);
    return viewOf(closed, await parts.sessions.nowMs());
  });

  addWinnerRoutes(app, parts, change);
}

function addWinnerRoutes(app: App, parts: ApiParts, change: object): void {
  for (const [method, wins, summary] of [
    ["PUT", true, "Make a user a winner"] as const,
    ["DELETE", false, "No longer a winner"] as const,
  ]) {
    const schema = { summary, params: idParams("id", "user_id"), response: { 204: noContent, ...problems(404, 429) } };
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
        await follow(parts, session);
        return reply.code(204).send(null);
      },
    });
  }
}

async function createFrom(parts: ApiParts, body: NewSession): Promise<Session> {
  const { db, draw, settings, sessions } = parts;
  const drawAtMs = Date.parse(body.draw_at);
  if (!(drawAtMs >= EARLIEST_DRAW_MS && drawAtMs < LATEST_DRAW_MS)) {
    throw new ClientError("bad_request", { detail: "draw_at must lie between 2020 and 2100." });
  }
  const window = windowOf(drawAtMs, body.pre_hours ?? settings.preDrawHours, body.post_hours ?? settings.postDrawHours);
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
  return async (request: Parameters<typeof callerOf>[0]) => limiter.take(callerOf(request).userId);
}
