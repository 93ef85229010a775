/**
 * The private port: health, readiness, metrics, and what gateways and writers must ask of Postgres. Never reachable
 * from outside; it has no authentication.
 */
import { findStoredConversationMessageId } from "@drawchat/db/conversation-events";
import { findMessage, findStoredId } from "@drawchat/db/messages";
import { ClientError } from "@drawchat/protocol/errors";
import { isRoomName, parseId, type RoomName, roomKind, roomNumber } from "@drawchat/protocol/ids";
import type { Metrics } from "@drawchat/runtime/metrics";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { addConversationCalls } from "./private-conversations.ts";
import { asClientError, sendProblem } from "./problems.ts";
import { readId } from "./query.ts";
import type { RestoreOutcome, RoomRestorer } from "./room-restorer.ts";
import type { JoinParts } from "./staff-join.ts";

export interface PrivateServerParts extends JoinParts {
  restorer: RoomRestorer;
  metrics: Metrics;
  /** What keeps this process from serving, in words; empty when ready. */
  notReady: () => Promise<string[]>;
}

interface RoomParams {
  Params: { room: string };
}

export function buildPrivateServer(parts: PrivateServerParts) {
  const loggerInstance: FastifyBaseLogger = parts.log.child({ component: "http" });
  const app = Fastify({ loggerInstance, logController: new LogController({ disableRequestLogging: true }), forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => {
    const problem = asClientError(error);
    if (problem.code === "internal") parts.log.error({ component: "http", err: problem.cause ?? problem }, "private request failed");
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, new ClientError("not_found")));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", async () => undefined); // most calls here have no body
  addProbes(app, parts);
  addRoomCalls(app, parts);
  void app.register((conversations, _options, done) => {
    addConversationCalls(conversations, parts);
    done();
  });
  return app;
}

function addProbes(app: FastifyInstance, { metrics, notReady }: PrivateServerParts): void {
  metrics.ready(notReady);
  app.get("/healthz", async () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const missing = await notReady();
    return reply.code(missing.length === 0 ? 200 : 503).send({ ready: missing.length === 0, missing });
  });
  app.get("/metrics", async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
}

function addRoomCalls(app: FastifyInstance, { db, restorer }: PrivateServerParts): void {
  app.post<RoomParams>("/internal/rooms/:room/restore", async (request, reply) => {
    expectRestored(await restorer.restore(roomOf(request.params.room)));
    return reply.code(204).send();
  });

  app.post<RoomParams>("/internal/rooms/:room/rebuild", async (request, reply) => {
    expectRestored(await restorer.restore(roomOf(request.params.room), { force: true }));
    return reply.code(204).send();
  });

  app.get<RoomParams & { Querystring: Record<string, unknown> }>("/internal/rooms/:room/sent", async (request) => {
    const room = roomOf(request.params.room);
    const clientId = request.query.client_id;
    if (typeof clientId !== "string" || !UUID.test(clientId)) throw new ClientError("bad_client_id");
    const userId = readId(request.query, "user_id");
    const id =
      roomKind(room) === "session"
        ? await findStoredId(db, { sessionId: roomNumber(room), userId, clientId })
        : await findStoredConversationMessageId(db, {
            conversationId: roomNumber(room),
            isNote: roomKind(room) === "notes",
            userId,
            clientId,
          });
    return { id: id ?? null };
  });

  app.get<{ Params: { room: string; id: string } }>("/internal/rooms/:room/messages/:id", async (request) => {
    const room = roomOf(request.params.room);
    const id = parseId(request.params.id);
    const message = id === undefined ? undefined : await findMessage(db, id);
    const exists = message !== undefined && !message.isDeleted && room === `s${message.sessionId}`;
    return { exists, likes: exists ? message.likes : 0 };
  });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function roomOf(text: string): RoomName {
  if (!isRoomName(text)) throw new ClientError("not_found");
  return text;
}

function expectRestored(outcome: RestoreOutcome): void {
  if (outcome === "unknown") throw new ClientError("session_not_found");
  if (outcome === "unavailable") throw new ClientError("unavailable");
}
