/** Reading messages of a conversation: pages in both directions, and single ones. */
import type { Action } from "@drawchat/auth/policy";
import { findConversationMessage, type MessageScope, readStoredPage } from "@drawchat/db/conversation-pages";
import type { ConversationMessage } from "@drawchat/protocol/conversations";
import type { ConversationMessagePage } from "@drawchat/protocol/conversations-rest";
import { ClientError } from "@drawchat/protocol/errors";
import { conversationRoom, notesRoom, PARTITIONS, partitionOfId, type RoomName } from "@drawchat/protocol/ids";
import { readUnstored } from "@drawchat/redis/unstored";
import { judge, whatIsSeen } from "./access.ts";
import type { Actor } from "./actor.ts";
import type { ApiParts } from "./api.ts";
import { deletedBy, messageWithUpload, overlay } from "./message-overlay.ts";
import { type Query, readLimit, readOptionalId } from "./query.ts";

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 50;

export interface PageRequest {
  conversationId: number;
  scope: MessageScope;
  before?: number | undefined;
  after?: number | undefined;
  limit: number;
}

/** The place of a page. Throws `bad_limit`, or `bad_id` for what is no message of this conversation, or two places. */
export function readPlace(query: Query, conversationId: number): Pick<PageRequest, "before" | "after" | "limit"> {
  const limit = readLimit(query, { max: MAX_LIMIT, fallback: DEFAULT_LIMIT });
  const [before, after] = [readOptionalId(query, "before"), readOptionalId(query, "after")];
  if (before !== undefined && after !== undefined) throw new ClientError("bad_id", { detail: "before and after exclude each other." });
  for (const id of [before, after]) {
    if (id === undefined || partitionOfId(id) === conversationId % PARTITIONS) continue;
    throw new ClientError("bad_id", { detail: "before and after must be ids of messages of this conversation." });
  }
  return { before, after, limit };
}

/** Oldest first. Throws `not_found` or `forbidden` where the caller may not read it. */
export async function readConversationPage(parts: ApiParts, actor: Actor, request: PageRequest): Promise<ConversationMessagePage> {
  const { conversationId, scope, before, after, limit } = request;
  const unstored = await readUnstored(parts.redis, roomsOf(conversationId, scope));
  const stored = await readStoredPage(parts.db, { ...request, viewerId: actor.userId, limit: limit + 1 });
  const action: Action = scope === "notes" ? "note.read" : "message.read";
  judge(actor, { seen: whatIsSeen(action), action }, stored);
  const isBelow = (id: number) => before === undefined || id < before;
  const isAbove = (id: number) => after === undefined || id > after;
  const messages = [...overlay(stored?.rows ?? [], unstored, (id) => isBelow(id) && isAbove(id)).values()];
  const shown = after === undefined ? messages.slice(-limit) : messages.slice(0, limit);
  const hasMore = messages.length > limit;
  const isBeyond = ({ id, kind }: { id: number; kind: string }) => kind === "m" && !(isBelow(id) && isAbove(id));
  const hasOtherSide = stored?.hasOtherSide === true || unstored.some(isBeyond);
  const [hasOlder, hasNewer] = after === undefined ? [hasMore, hasOtherSide] : [hasOtherSide, hasMore];
  return {
    messages: shown,
    next_before: hasOlder ? (shown[0]?.id ?? after ?? null) : null,
    next_after: hasNewer ? (shown.at(-1)?.id ?? before ?? null) : null,
  };
}

function roomsOf(conversationId: number, scope: MessageScope): RoomName[] {
  const said = scope === "notes" ? [] : [conversationRoom(conversationId)];
  return scope === "said" ? said : [...said, notesRoom(conversationId)];
}

/** Which of these messages are deleted already, although Postgres does not know it yet. */
export async function findDeletedUnstored(
  { redis }: Pick<ApiParts, "redis">,
  messages: readonly Pick<ConversationMessage, "id" | "conversation_id">[],
): Promise<Set<number>> {
  const rooms = new Set(messages.flatMap((message) => roomsOf(message.conversation_id, "all")));
  const unstored = await readUnstored(redis, [...rooms]);
  const deleted = new Set(unstored.flatMap((event) => deletedBy(event) ?? []));
  return new Set(messages.flatMap(({ id }) => (deleted.has(id) ? [id] : [])));
}

/** Whether the message of an upload is deleted already, although Postgres does not know it (or not even the message) yet. */
export async function isAttachmentDeleted(
  { redis }: Pick<ApiParts, "redis">,
  { id, message_id, conversation_id }: { id: string; message_id: number | null; conversation_id: number },
): Promise<boolean> {
  const unstored = await readUnstored(redis, [conversationRoom(conversation_id)]);
  const messageId = message_id ?? messageWithUpload(unstored, id);
  return messageId !== undefined && unstored.some((event) => deletedBy(event) === messageId);
}

/** A message, a tombstone too, or a note. Undefined: there is none with this id in this conversation. */
export async function findMessageOf(
  { redis, db }: Pick<ApiParts, "redis" | "db">,
  { conversationId, messageId }: { conversationId: number; messageId: number },
): Promise<ConversationMessage | undefined> {
  if (partitionOfId(messageId) !== conversationId % PARTITIONS) return undefined;
  const unstored = await readUnstored(redis, roomsOf(conversationId, "all"));
  const row = await findConversationMessage(db, { conversationId, messageId });
  return overlay(row === undefined ? [] : [row], unstored, (id) => id === messageId).get(messageId);
}
