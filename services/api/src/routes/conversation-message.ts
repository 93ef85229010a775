import { isAllowed } from "@drawchat/auth/policy";
import { ConversationMessage } from "@drawchat/protocol/conversations";
import { MessageChange } from "@drawchat/protocol/conversations-rest";
import { ClientError } from "@drawchat/protocol/errors";
import { enter, judge } from "../access.ts";
import { type Actor, actorOf, limited } from "../actor.ts";
import type { ApiParts, App } from "../api.ts";
import { findMessageOf } from "../conversation-page.ts";
import { deleteMessage, editMessage } from "../conversation-sending.ts";
import { readMessageText } from "../conversation-text.ts";
import { readPathId } from "../query.ts";
import { idParams, noContent, problems } from "../schemas.ts";

export function addSingleMessageRoutes(app: App, parts: ApiParts): void {
  const url = "/conversations/:id/messages/:message_id";
  const params = idParams("id", "message_id");
  const onRequest = limited(parts, "messages");

  const read = { summary: "A message or note", params, response: { 200: ConversationMessage, ...problems(404) } };
  app.get(url, { schema: read }, async (request): Promise<ConversationMessage> => {
    return (await findSeen(parts, actorOf(request), request.params)).message;
  });

  const edit = {
    summary: "Change the text of one's message or note",
    params,
    body: MessageChange,
    response: { 200: ConversationMessage, ...problems(400, 404, 409, 413, 415, 429) },
  };
  app.patch(url, { schema: edit, onRequest }, async (request): Promise<ConversationMessage> => {
    const actor = actorOf(request);
    const { message, ...relation } = await findSeen(parts, actor, request.params);
    judge(actor, { seen: "message.read", action: "message.edit" }, relation);
    if (message.deleted_at !== null) throw new ClientError("conflict", { detail: "The message was deleted." });
    return editMessage(parts, actor, message, readMessageText(request.body.message, { mayBeEmpty: message.attachment !== null }));
  });

  const remove = {
    summary: "Delete a message or note: it stays as a tombstone",
    params,
    response: { 204: noContent, ...problems(404, 429) },
  };
  app.delete(url, { schema: remove, onRequest }, async (request, reply) => {
    const actor = actorOf(request);
    const { message, ...relation } = await findSeen(parts, actor, request.params);
    judge(actor, { seen: "message.read", action: "message.delete" }, relation);
    await deleteMessage(parts, actor, { message, isMember: relation.isMember });
    return reply.code(204).send(null);
  });
}

interface SeenMessage {
  message: ConversationMessage;
  isMember: boolean;
  isOwn: boolean;
}

/** A message that the caller may read. A note is nothing to those who may not read notes. */
async function findSeen(parts: ApiParts, actor: Actor, params: { id: string; message_id: string }): Promise<SeenMessage> {
  const conversationId = readPathId(params.id);
  const messageId = readPathId(params.message_id);
  const { isMember } = await enter(parts.db, actor, { conversationId, action: "message.read" });
  const message = await findMessageOf(parts, { conversationId, messageId });
  if (message === undefined) throw new ClientError("not_found");
  if (message.message_type === "note" && !isAllowed(actor.role, "note.read", { isMember })) throw new ClientError("not_found");
  return { message, isMember, isOwn: message.user_id === actor.userId };
}
