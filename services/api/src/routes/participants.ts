import { addParticipant, removeParticipant } from "@drawchat/db/conversation-changes";
import { listParticipants } from "@drawchat/db/conversation-views";
import { NewParticipant, ParticipantList } from "@drawchat/protocol/conversations-rest";
import { ClientError } from "@drawchat/protocol/errors";
import { enter, judge } from "../access.ts";
import { actorOf, limited } from "../actor.ts";
import type { ApiParts, App } from "../api.ts";
import { tellChange } from "../conversation-news.ts";
import { readPathId } from "../query.ts";
import { idParams, noContent, problems } from "../schemas.ts";

export function addParticipantRoutes(app: App, parts: ApiParts): void {
  const { db, conversations } = parts;
  const onRequest = limited(parts, "conversations");
  const participantsOf = async (id: number): Promise<ParticipantList> => ({
    participants: (await listParticipants(db, [id])).get(id) ?? [],
  });

  const list = { summary: "Who is in a conversation", params: idParams("id"), response: { 200: ParticipantList, ...problems(404) } };
  app.get("/conversations/:id/participants", { schema: list }, async (request): Promise<ParticipantList> => {
    const conversationId = readPathId(request.params.id);
    await enter(db, actorOf(request), { conversationId, action: "conversation.read" });
    return participantsOf(conversationId);
  });

  const add = {
    summary: "Add a participant; an agent silences the bot",
    params: idParams("id"),
    body: NewParticipant,
    response: { 200: ParticipantList, ...problems(400, 404, 409, 413, 415, 429) },
  };
  app.post("/conversations/:id/participants", { schema: add, onRequest }, async (request): Promise<ParticipantList> => {
    const conversationId = readPathId(request.params.id);
    const actor = actorOf(request);
    await enter(db, actor, { conversationId, action: "participants.change" });
    const { user_id: userId } = request.body;
    const hasRead = userId === actor.userId;
    const changed = await addParticipant(db, { conversationId, userId, hasRead, tellsWebhook: conversations.tellsWebhook });
    if (changed === "unknown") throw new ClientError("not_found");
    if (changed === "unknown_user") throw new ClientError("bad_id", { detail: "user_id must be an active user." });
    if (changed === "full") throw new ClientError("conflict", { detail: "The conversation has as many participants as it can have." });
    await tellChange(parts, changed);
    return participantsOf(conversationId);
  });

  const remove = {
    summary: "Remove a participant, or leave",
    params: idParams("id", "user_id"),
    response: { 204: noContent, ...problems(404, 429) },
  };
  app.delete("/conversations/:id/participants/:user_id", { schema: remove, onRequest }, async (request, reply) => {
    const actor = actorOf(request);
    const conversationId = readPathId(request.params.id);
    const standing = await enter(db, actor, { conversationId, action: "conversation.read" });
    const userId = readPathId(request.params.user_id);
    const isOwn = userId === actor.userId;
    const action = isOwn ? "participants.leave" : "participants.change";
    judge(actor, { seen: "conversation.read", action }, { ...standing, isOwn });
    const changed = await removeParticipant(db, { conversationId, userId, tellsWebhook: conversations.tellsWebhook });
    if (changed === "unknown") throw new ClientError("not_found");
    await tellChange(parts, changed);
    return reply.code(204).send(null);
  });
}
