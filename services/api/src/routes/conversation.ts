import { type ConversationEdit, type EditRefusal, editConversation } from "@drawchat/db/conversation-changes";
import { findConversation, shownTo } from "@drawchat/db/conversation-views";
import { Conversation, ConversationChange } from "@drawchat/protocol/conversations-rest";
import { ClientError, type ErrorCode } from "@drawchat/protocol/errors";
import { enter, judge } from "../access.ts";
import { type Actor, actorOf, limited } from "../actor.ts";
import type { ApiParts, App } from "../api.ts";
import { tellChange } from "../conversation-news.ts";
import { readLabels, readTitle } from "../conversation-text.ts";
import { readPathId } from "../query.ts";
import { idParams, problems } from "../schemas.ts";

const LONGEST_SLEEP_MS = 366 * 86_400_000;

export function addConversationRoutes(app: App, parts: ApiParts): void {
  const params = idParams("id");
  const read = { summary: "A conversation", params, response: { 200: Conversation, ...problems(404) } };
  app.get("/conversations/:id", { schema: read }, async (request): Promise<Conversation> => {
    return readFor(parts, actorOf(request), readPathId(request.params.id));
  });

  const change = {
    summary: "Change a conversation; its participants may switch the bot off",
    params,
    body: ConversationChange,
    response: { 200: Conversation, ...problems(400, 404, 409, 413, 415, 429) },
  };
  const options = { schema: change, onRequest: limited(parts, "conversations") };
  app.patch("/conversations/:id", options, async (request): Promise<Conversation> => {
    const actor = actorOf(request);
    const id = readPathId(request.params.id);
    const isHandoff = request.body.is_bot_on === false && Object.keys(request.body).length === 1;
    await enter(parts.db, actor, { conversationId: id, action: isHandoff ? "conversation.handoff" : "conversation.update" });
    await editFor(parts, id, readEdit(request.body));
    return readFor(parts, actor, id);
  });
}

async function readFor({ db }: ApiParts, actor: Actor, id: number): Promise<Conversation> {
  const conversation = await findConversation(db, id, actor.userId);
  const relation = conversation && { isMember: conversation.is_participant };
  judge(actor, { seen: "conversation.read", action: "conversation.read" }, relation);
  if (conversation === undefined) throw new ClientError("not_found");
  return shownTo(actor.role, conversation);
}

const REFUSALS: Record<EditRefusal, { code: ErrorCode; detail?: string }> = {
  unknown: { code: "not_found" },
  not_staff: { code: "bad_id", detail: "assignee_id must be an active agent or admin." },
  no_bot: { code: "conflict", detail: "There is no bot that could answer." },
  awake: { code: "bad_request", detail: "snoozed_until goes with the status snoozed." },
  full: { code: "conflict", detail: "The conversation has as many participants as it can have." },
};

async function editFor(parts: ApiParts, id: number, edit: ConversationEdit): Promise<void> {
  const { bot, tellsWebhook } = parts.conversations;
  const changed = await editConversation(parts.db, { id, edit, botUserId: bot?.userId, tellsWebhook });
  if (typeof changed === "string") throw new ClientError(REFUSALS[changed].code, REFUSALS[changed]);
  await tellChange(parts, changed);
}

function readEdit(body: ConversationChange): ConversationEdit {
  const { title, labels, status } = body;
  if (status === "snoozed" && body.snoozed_until === undefined) {
    throw new ClientError("bad_request", { detail: "The status snoozed needs snoozed_until." });
  }
  return {
    title: typeof title === "string" ? readTitle(title) : title,
    status,
    snoozedUntil: body.snoozed_until === undefined ? undefined : readWaking(body.snoozed_until),
    assigneeId: body.assignee_id,
    priority: body.priority,
    labels: labels && readLabels(labels),
    isBotOn: body.is_bot_on,
  };
}

function readWaking(text: string): Date {
  const sleepMs = Date.parse(text) - Date.now();
  if (sleepMs > 0 && sleepMs < LONGEST_SLEEP_MS) return new Date(text);
  throw new ClientError("bad_request", { detail: "snoozed_until must lie ahead, by a year at most." });
}
