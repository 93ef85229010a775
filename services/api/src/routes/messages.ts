import { ClientError } from "@drawchat/protocol/errors";
import { PARTITIONS, partitionOfId } from "@drawchat/protocol/ids";
import { MessagePage } from "@drawchat/protocol/rest";
import { type AnswerRead, answerOf, sendAnswer } from "../answer.ts";
import type { ApiParts, App } from "../api.ts";
import { PageCache } from "../page-cache.ts";
import { readLimit, readOptionalId } from "../query.ts";
import { messagesQuery, problems } from "../schemas.ts";

export const MESSAGES_PATH = "/live-chat/messages";

const DEFAULT_LIMIT = 50;
/** A browser may keep a page, and asks each time whether there is another. */
const KEEP_AND_ASK = "private, no-cache";
const EMPTY = { ...answerOf({ messages: [] }), cacheControl: KEEP_AND_ASK };

export function messagesRead(parts: ApiParts): AnswerRead {
  const max = parts.settings.messageHistoryLimit;
  const pages = new PageCache(parts);
  return async (query) => {
    const limit = readLimit(query, { max, fallback: Math.min(DEFAULT_LIMIT, max) });
    const before = readOptionalId(query, "before");
    const { session } = await parts.sessions.resolve(readOptionalId(query, "session_id"));
    if (session !== undefined && before !== undefined && partitionOfId(before) !== session.id % PARTITIONS) {
      throw new ClientError("bad_id", { detail: "before is not the id of a message of this session." });
    }
    if (session === undefined) return EMPTY;
    return { ...(await pages.read({ sessionId: session.id, before, limit })), cacheControl: KEEP_AND_ASK };
  };
}

export function addMessagesRoute(app: App, read: AnswerRead): void {
  const schema = {
    summary: "A page of messages, oldest first",
    querystring: messagesQuery,
    response: { 200: MessagePage, ...problems(400, 404) },
  };
  app.get(MESSAGES_PATH, { schema }, async (request, reply) => sendAnswer(request, reply, await read(request.query)));
}
