import { isStaff } from "@drawchat/auth/policy";
import { createConversation } from "@drawchat/db/conversation-creation";
import { findConversation, listConversations, shownTo } from "@drawchat/db/conversation-views";
import type { ConversationMessage, LastMessage } from "@drawchat/protocol/conversations";
import { Conversation, ConversationPage, type ConversationStatus, NewConversation } from "@drawchat/protocol/conversations-rest";
import { ClientError } from "@drawchat/protocol/errors";
import type { Static } from "typebox";
import { enter, requireAction } from "../access.ts";
import { type Actor, actorOf, limited } from "../actor.ts";
import type { ApiParts, App } from "../api.ts";
import { encodeCursor, readCursor } from "../conversation-cursor.ts";
import { tellLists } from "../conversation-news.ts";
import { sendMessage } from "../conversation-sending.ts";
import { readLabels, readMessageText, readTitle } from "../conversation-text.ts";
import { type Query, readId, readLimit, readOptionalWord } from "../query.ts";
import { conversationsQuery, problems } from "../schemas.ts";

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 50;
const STATUSES: readonly ConversationStatus[] = ["open", "pending", "snoozed", "resolved"];
const YES_OR_NO = ["true", "false"] as const;

export function addConversationListRoutes(app: App, parts: ApiParts): void {
  const list = {
    summary: "Conversations, newest activity first",
    querystring: conversationsQuery,
    response: { 200: ConversationPage, ...problems(400) },
  };
  app.get("/conversations", { schema: list }, async (request): Promise<ConversationPage> => {
    const actor = actorOf(request);
    const { query } = request;
    const page = await listConversations(parts.db, {
      viewerId: actor.userId,
      isMine: readIsMine(actor, query),
      isUnread: readOptionalWord(query, "unread", YES_OR_NO) === "true",
      status: readOptionalWord(query, "status", STATUSES),
      assignee: readAssignee(actor, query),
      before: readCursor(query, "before"),
      limit: readLimit(query, { max: MAX_LIMIT, fallback: DEFAULT_LIMIT }),
    });
    return {
      conversations: page.conversations.map((one) => shownTo(actor.role, one)),
      next_before: page.next === undefined ? null : encodeCursor(page.next),
    };
  });

  const create = {
    summary: "Begin a conversation",
    body: NewConversation,
    response: { 200: Conversation, 201: Conversation, ...problems(400, 409, 413, 415, 429) },
  };
  app.post(
    "/conversations",
    { schema: create, onRequest: limited(parts, "conversations") },
    async (request, reply): Promise<Conversation> => {
      const { conversation, isKnown } = await beginConversation(parts, actorOf(request), request.body);
      reply.code(isKnown ? 200 : 201);
      return conversation;
    },
  );
}

/** Agents see all unless they ask for theirs; all others see theirs. */
function readIsMine(actor: Actor, query: Query): boolean {
  const mine = readOptionalWord(query, "mine", YES_OR_NO);
  if (isStaff(actor.role)) return mine === "true";
  if (mine === "false") throw new ClientError("forbidden");
  return true;
}

function readAssignee(actor: Actor, query: Query): number | "none" | undefined {
  const { assignee } = query;
  if (assignee === "me") return actor.userId;
  return assignee === undefined || assignee === "none" ? assignee : readId(query, "assignee");
}

async function beginConversation(
  parts: ApiParts,
  actor: Actor,
  body: NewConversation,
): Promise<{ conversation: Conversation; isKnown: boolean }> {
  const { db, conversations } = parts;
  requireAction(actor, "conversation.create");
  const participantIds = (body.participant_ids ?? []).filter((id) => id !== actor.userId);
  if (participantIds.length > 0) requireAction(actor, "conversation.create_for_others");
  if (body.priority !== undefined || body.labels !== undefined) requireAction(actor, "conversation.update");
  const text = body.message && readMessageText(body.message.message); // before anything is made
  const created = await createConversation(db, {
    createdBy: actor.userId,
    clientId: body.client_id,
    title: body.title === undefined ? null : readTitle(body.title),
    participantIds,
    botUserId: actor.role === "customer" ? conversations.bot?.userId : undefined,
    priority: body.priority ?? "normal",
    labels: readLabels(body.labels ?? []),
    tellsWebhook: conversations.tellsWebhook,
  });
  if (created === "unknown_user") throw new ClientError("bad_id", { detail: "participant_ids has somebody who is not there." });
  const { id, isKnown } = created;
  if (isKnown)
    await enter(db, actor, { conversationId: id, action: "conversation.read" }); // who was taken out of it is out here, too
  else await tellNew(parts, id);
  const first = body.message && text !== undefined && (await sayFirst(parts, actor, { id, clientId: body.message.client_id, text }));
  const conversation = await findConversation(db, id, actor.userId);
  if (conversation === undefined) throw new Error("a conversation that was made is not there");
  // The message is on its way to Postgres.
  const begun = first ? { ...conversation, last_message: conversation.last_message ?? lastOf(first) } : conversation;
  return { conversation: shownTo(actor.role, begun), isKnown };
}

/** Lists are told of a conversation once it is there. Where Redis is away, they are read again by those who come back. */
async function tellNew(parts: ApiParts, id: number): Promise<void> {
  try {
    await tellLists(parts, id);
  } catch (error) {
    parts.log.warn({ component: "conversations", conversation: id, err: error }, "lists are not told of a conversation");
  }
}

async function sayFirst(
  parts: ApiParts,
  actor: Actor,
  { id, clientId, text }: { id: number; clientId: string; text: string },
): Promise<ConversationMessage> {
  const sent = await sendMessage(parts, actor, { conversationId: id, isNote: false, clientId, text, attachment: null });
  if (!("message" in sent)) throw new Error("a first message knows of no other");
  return sent.message;
}

function lastOf({
  id,
  user_id,
  username,
  role,
  message,
  attachment,
  deleted_at,
  created_at,
}: ConversationMessage): Static<typeof LastMessage> {
  return {
    id,
    user_id,
    username,
    role,
    message: firstChars(message),
    has_attachment: attachment !== null,
    is_deleted: deleted_at !== null,
    created_at,
  };
}

function firstChars(text: string): string {
  return [...text].slice(0, 200).join("");
}
