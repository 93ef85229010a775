import { isAllowed } from "@drawchat/auth/policy";
import { toConversationMessage } from "@drawchat/db/conversation-events";
import { searchMessages } from "@drawchat/db/message-search";
import { SearchPage } from "@drawchat/protocol/conversations-rest";
import { ClientError } from "@drawchat/protocol/errors";
import { actorOf, limited } from "../actor.ts";
import type { ApiParts, App } from "../api.ts";
import { findDeletedUnstored } from "../conversation-page.ts";
import { readLimit, readOptionalId, readOptionalText } from "../query.ts";
import { problems, searchQuerystring } from "../schemas.ts";

const MAX_LIMIT = 100;
const DEFAULT_LIMIT = 20;
const MAX_CHARS = 200;

export function addSearchRoute(app: App, parts: ApiParts): void {
  const schema = {
    summary: "Find messages by their words, newest first",
    querystring: searchQuerystring,
    response: { 200: SearchPage, ...problems(400, 429) },
  };
  app.get("/search", { schema, onRequest: limited(parts, "search") }, async (request): Promise<SearchPage> => {
    const { role, userId } = actorOf(request);
    const q = readOptionalText(request.query, "q", MAX_CHARS);
    if (q === undefined) throw new ClientError("bad_request", { detail: `q must have 1 to ${MAX_CHARS} characters.` });
    const limit = readLimit(request.query, { max: MAX_LIMIT, fallback: DEFAULT_LIMIT });
    const before = readOptionalId(request.query, "before");
    const participantId = isAllowed(role, "search", { isMember: false }) ? undefined : userId;
    const found = await searchMessages(parts.db, { q, participantId, before, limit: limit + 1 });
    const page = found.slice(0, limit).map(({ row, title }) => ({ message: toConversationMessage(row), conversation_title: title }));
    const deleted = await findDeletedUnstored(
      parts,
      page.map(({ message }) => message),
    );
    const hits = page.filter(({ message }) => !deleted.has(message.id));
    return { hits, next_before: found.length > limit ? (page.at(-1)?.message.id ?? null) : null };
  });
}
