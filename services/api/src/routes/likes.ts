import { hasLiked } from "@drawchat/db/likes";
import { findMessage } from "@drawchat/db/messages";
import { ClientError } from "@drawchat/protocol/errors";
import { PARTITIONS, partitionOfId, sessionRoom } from "@drawchat/protocol/ids";
import { MessageLiked, SessionLiked } from "@drawchat/protocol/rest";
import type { LikeOutcome } from "@drawchat/redis/accept";
import { stateAt } from "@drawchat/schedule/window";
import type { ApiParts, App } from "../api.ts";
import { callerOf } from "../bearer.ts";
import { readOptionalId, readPathId } from "../query.ts";
import { idParams, problems, sessionQuery } from "../schemas.ts";

export function addLikeRoutes(app: App, parts: ApiParts): void {
  const likeSession = {
    summary: "Like the current or a session",
    querystring: sessionQuery,
    response: { 200: SessionLiked, ...problems(400, 404, 409, 429) },
  };
  app.post("/live-chat/like", { schema: likeSession }, async (request): Promise<SessionLiked> => {
    const { userId } = callerOf(request);
    const { session, nowMs } = await parts.sessions.resolve(readOptionalId(request.query, "session_id"));
    if (session === undefined || stateAt(session, nowMs) !== "open") throw new ClientError("chat_closed");
    await parts.limiter.take(userId, "live_chat");
    const likes = countOf(await parts.acceptor.like({ room: sessionRoom(session.id), target: "s", userId }));
    return { message: "Session liked successfully", total_likes: likes };
  });

  const likeMessage = {
    summary: "Like a message",
    params: idParams("id"),
    response: { 200: MessageLiked, ...problems(404, 409, 429) },
  };
  app.post("/live-chat/like-message/:id", { schema: likeMessage }, async (request): Promise<MessageLiked> => {
    const { userId } = callerOf(request);
    const messageId = readPathId(request.params.id);
    await parts.limiter.take(userId, "live_chat");
    const outcome = (await likeInOpenRooms(parts, messageId, userId)) ?? (await likeStoredMessage(parts, messageId, userId));
    return { message: "Message liked successfully", likes: countOf(outcome) };
  });
}

/** A message just accepted is in the history of an open room of its id's partition. Undefined: in none. */
async function likeInOpenRooms({ sessions, acceptor }: ApiParts, messageId: number, userId: number): Promise<LikeOutcome | undefined> {
  for (const session of await sessions.listOpen()) {
    if (session.id % PARTITIONS !== partitionOfId(messageId)) continue;
    const outcome = await acceptor.like({ room: sessionRoom(session.id), target: `${messageId}`, userId });
    if (outcome.kind !== "refused" || outcome.code !== "not_found") return outcome;
  }
  return undefined;
}

/** An older message: Postgres says where it belongs, how many like it, and whether this user is one of them. */
async function likeStoredMessage({ db, sessions, acceptor }: ApiParts, messageId: number, userId: number): Promise<LikeOutcome> {
  const message = await findMessage(db, messageId);
  if (message === undefined || message.isDeleted) throw new ClientError("not_found");
  const { sessionId, likes } = message;
  if (await hasLiked(db, { sessionId, messageId, userId })) throw new ClientError("already_liked");
  const { session, nowMs } = await sessions.resolve(sessionId);
  if (session === undefined || stateAt(session, nowMs) !== "open") throw new ClientError("chat_closed");
  return acceptor.like({ room: sessionRoom(sessionId), target: `${messageId}`, userId, verifiedLikes: likes });
}

/** The count everybody is shown now. Throws for a second like and for a refusal. */
function countOf(outcome: LikeOutcome): number {
  if (outcome.kind === "accepted") return outcome.likes;
  if (outcome.kind === "duplicate") throw new ClientError("already_liked");
  throw new ClientError(outcome.code, outcome.retryAfterMs === undefined ? {} : { retryAfterMs: outcome.retryAfterMs });
}
