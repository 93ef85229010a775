import { ReadMark, ReadState, TypingMark } from "@drawchat/protocol/conversations-rest";
import { conversationRoom } from "@drawchat/protocol/ids";
import { publishControlTo } from "@drawchat/redis/publication";
import { enter } from "../access.ts";
import { actorOf, limited } from "../actor.ts";
import type { ApiParts, App } from "../api.ts";
import { refusalOf } from "../conversation-sending.ts";
import { readPathId } from "../query.ts";
import { idParams, noContent, problems } from "../schemas.ts";

/** What participants do beside writing: they read, and are about to write. */
export function addMarkRoutes(app: App, parts: ApiParts): void {
  const { db, redis, acceptor } = parts;
  const params = idParams("id");
  const onRequest = limited(parts, "marks");

  const read = {
    summary: "Everything up to a message was read",
    params,
    body: ReadMark,
    response: { 200: ReadState, ...problems(400, 404, 413, 415, 429) },
  };
  app.post("/conversations/:id/read", { schema: read, onRequest }, async (request): Promise<ReadState> => {
    const actor = actorOf(request);
    const conversationId = readPathId(request.params.id);
    await enter(db, actor, { conversationId, action: "receipt.mark" });
    const mark = { room: conversationRoom(conversationId), userId: actor.userId, readUpto: request.body.upto };
    const outcome = await acceptor.markRead(mark);
    if (outcome.kind === "refused") throw refusalOf(outcome);
    return { upto: outcome.upto };
  });

  const typing = {
    summary: "Somebody types, or has stopped; over by itself after 6 s",
    params,
    body: TypingMark,
    response: { 204: noContent, ...problems(400, 404, 413, 415, 429) },
  };
  app.post("/conversations/:id/typing", { schema: typing, onRequest }, async (request, reply) => {
    const actor = actorOf(request);
    const conversationId = readPathId(request.params.id);
    await enter(db, actor, { conversationId, action: "typing.mark" });
    const control = { type: "typing", user_id: actor.userId, is_typing: request.body.is_typing } as const;
    await publishControlTo(redis, conversationRoom(conversationId), control);
    return reply.code(204).send(null);
  });
}
