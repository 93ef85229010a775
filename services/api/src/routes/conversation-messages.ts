import { isAllowed } from "@drawchat/auth/policy";
import type { MessageScope } from "@drawchat/db/conversation-pages";
import { claimUpload } from "@drawchat/db/uploads";
import type { Attachment } from "@drawchat/protocol/conversations";
import {
  ConversationMessagePage,
  NewConversationMessage,
  NewerMessages,
  NewNote,
  SentMessage,
} from "@drawchat/protocol/conversations-rest";
import { ClientError } from "@drawchat/protocol/errors";
import { Problem } from "@drawchat/protocol/rest";
import type { FastifyReply } from "fastify";
import Type from "typebox";
import { enter } from "../access.ts";
import { type Actor, actorOf, limited } from "../actor.ts";
import type { ApiParts, App } from "../api.ts";
import { readConversationPage, readPlace } from "../conversation-page.ts";
import { type OutgoingMessage, sendMessage } from "../conversation-sending.ts";
import { readMessageText } from "../conversation-text.ts";
import { PROBLEM_TYPE, problemOf } from "../problems.ts";
import { readPathId } from "../query.ts";
import { conversationMessagesQuery, idParams, problems } from "../schemas.ts";

/** What was missed goes out in one answer; who missed more reads on from there. */
const MOST_MISSED = 100;

export function addConversationMessageRoutes(app: App, parts: ApiParts): void {
  const { db } = parts;
  const page = {
    summary: "A page of messages, oldest first; agents see notes among them",
    params: idParams("id"),
    querystring: conversationMessagesQuery,
    response: { 200: ConversationMessagePage, ...problems(400, 404) },
  };
  app.get("/conversations/:id/messages", { schema: page }, async (request): Promise<ConversationMessagePage> => {
    const actor = actorOf(request);
    const conversationId = readPathId(request.params.id);
    const scope: MessageScope = isAllowed(actor.role, "note.read", { isMember: true }) ? "all" : "said";
    return readConversationPage(parts, actor, { conversationId, scope, ...readPlace(request.query, conversationId) });
  });

  const send = {
    summary: "Say something",
    params: idParams("id"),
    body: NewConversationMessage,
    response: { 200: SentMessage, 201: SentMessage, ...problems(400, 404, 413, 415, 429), 409: conflicts },
  };
  const onRequest = limited(parts, "messages");
  app.post("/conversations/:id/messages", { schema: send, onRequest }, async (request, reply) => {
    const actor = actorOf(request);
    const { body } = request;
    const conversationId = readPathId(request.params.id);
    await enter(db, actor, { conversationId, action: "message.send" });
    const text = readMessageText(body.message, { mayBeEmpty: body.upload_id !== undefined });
    const attachment = await readAttachment(parts, actor, conversationId, body);
    const outgoing = { conversationId, isNote: false, clientId: body.client_id, text, attachment, ifLastId: body.if_last_id };
    return answerSend(parts, actor, outgoing, reply);
  });

  addNoteRoutes(app, parts);
}

function addNoteRoutes(app: App, parts: ApiParts): void {
  const page = {
    summary: "A page of the agents' private notes, oldest first",
    params: idParams("id"),
    querystring: conversationMessagesQuery,
    response: { 200: ConversationMessagePage, ...problems(400, 404) },
  };
  app.get("/conversations/:id/notes", { schema: page }, async (request): Promise<ConversationMessagePage> => {
    const conversationId = readPathId(request.params.id);
    const place = readPlace(request.query, conversationId);
    return readConversationPage(parts, actorOf(request), { conversationId, scope: "notes", ...place });
  });

  const send = {
    summary: "Note something for other agents",
    params: idParams("id"),
    body: NewNote,
    response: { 200: SentMessage, 201: SentMessage, ...problems(400, 404, 409, 413, 415, 429) },
  };
  app.post("/conversations/:id/notes", { schema: send, onRequest: limited(parts, "messages") }, async (request, reply) => {
    const actor = actorOf(request);
    const conversationId = readPathId(request.params.id);
    await enter(parts.db, actor, { conversationId, action: "note.send" });
    const text = readMessageText(request.body.message);
    return answerSend(parts, actor, { conversationId, isNote: true, clientId: request.body.client_id, text, attachment: null }, reply);
  });
}

const conflicts = {
  description: "Something newer was said, or a conflict of another kind",
  content: { "application/problem+json": { schema: Type.Union([NewerMessages, Problem]) } },
};

async function readAttachment(
  { db }: ApiParts,
  { userId }: Actor,
  conversationId: number,
  { upload_id: id, client_id: clientId }: NewConversationMessage,
): Promise<Attachment | null> {
  if (id === undefined) return null;
  const attachment = await claimUpload(db, { id, conversationId, userId, clientId: clientId.toLowerCase() });
  if (attachment === undefined) throw new ClientError("bad_attachment");
  return attachment;
}

/** 201, or 200 for a repetition; 409 with what was missed. */
async function answerSend(
  parts: ApiParts,
  actor: Actor,
  outgoing: OutgoingMessage,
  reply: FastifyReply,
): Promise<SentMessage | FastifyReply> {
  const sent = await sendMessage(parts, actor, outgoing);
  if ("message" in sent) {
    reply.code(sent.duplicate ? 200 : 201);
    return sent;
  }
  const { conversationId, ifLastId = 0 } = outgoing;
  const { messages: missed } = await readConversationPage(parts, actor, {
    conversationId,
    scope: "said",
    after: ifLastId,
    limit: MOST_MISSED,
  });
  // What was newer could not be stored and was withdrawn: there is nothing that was missed.
  if (missed.length === 0) return answerSend(parts, actor, { ...outgoing, ifLastId: sent.lastId }, reply);
  const problem = { ...problemOf(new ClientError("newer_messages")), missed };
  return reply.code(409).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}
