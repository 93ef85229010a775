import { ClientError } from "@drawchat/protocol/errors";
import { PARTITIONS, partitionOfId } from "@drawchat/protocol/ids";
import { MessagePage } from "@drawchat/protocol/rest";
import { answerOf, sendAnswer } from "../answer.ts";
import type { ApiParts, App } from "../api.ts";
import { PageCache } from "../page-cache.ts";
import { readLimit, readOptionalId } from "../query.ts";
import { messagesQuery, problems } from "../schemas.ts";

const DEFAULT_LIMIT = 50;
/** A browser may keep a page, and asks each time whether there is another. */
const KEEP_AND_ASK = "private, no-cache";
const EMPTY = answerOf({ messages: [] });

export function addMessagesRoute(app: App, parts: ApiParts): void {
  const max = parts.settings.messageHistoryLimit;
  const schema = {
    summary: "A page of messages, oldest first",
    querystring: messagesQuery,
    response: { 200: MessagePage, ...problems(400, 404) },
  };
  const pages = new PageCache(parts);
  app.get("/live-chat/messages", { schema }, async (request, reply) => {
    const limit = readLimit(request.query, { max, fallback: Math.min(DEFAULT_LIMIT, max) });
    const before = readOptionalId(request.query, "before");
    const { session } = await parts.sessions.resolve(readOptionalId(request.query, "session_id"));
    if (session !== undefined && before !== undefined && partitionOfId(before) !== session.id % PARTITIONS) {
      throw new ClientError("bad_id", { detail: "before is not the id of a message of this session." });
    }
    const answer = session === undefined ? EMPTY : await pages.read({ sessionId: session.id, before, limit });
    return sendAnswer(request, reply.header("cache-control", KEEP_AND_ASK), answer);
  });
}
