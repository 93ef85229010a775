import { ClientError } from "@drawchat/protocol/errors";
import { PARTITIONS, partitionOfId } from "@drawchat/protocol/ids";
import { MessagePage } from "@drawchat/protocol/rest";
import type { ApiParts, App } from "../api.ts";
import { readMessagePage } from "../message-page.ts";
import { readLimit, readOptionalId } from "../query.ts";
import { messagesQuery, parsedByHand, problems } from "../schemas.ts";

const DEFAULT_LIMIT = 50;

export function addMessagesRoute(app: App, parts: ApiParts): void {
  const max = parts.settings.messageHistoryLimit;
  const schema = {
    summary: "A page of messages, oldest first",
    querystring: messagesQuery,
    response: { 200: MessagePage, ...problems(400, 404) },
  };
  app.get("/live-chat/messages", { schema, validatorCompiler: parsedByHand }, async (request): Promise<MessagePage> => {
    const limit = readLimit(request.query, { max, fallback: Math.min(DEFAULT_LIMIT, max) });
    const before = readOptionalId(request.query, "before");
    const { session } = await parts.sessions.resolve(readOptionalId(request.query, "session_id"));
    if (session === undefined) return { messages: [] };
    if (before !== undefined && partitionOfId(before) !== session.id % PARTITIONS) {
      throw new ClientError("bad_id", { detail: "before is not the id of a message of this session." });
    }
    return { messages: await readMessagePage(parts, { sessionId: session.id, before, limit }) };
  });
}
