/** Messages that a search has found, newest first. */
import type { ConversationsApi } from "@drawchat/client/conversations-api";
import type { SearchPage } from "@drawchat/protocol/conversations-rest";
import { useEffect, useState } from "preact/hooks";
import { Avatar } from "../avatar.tsx";
import { formatWhen } from "../conversation/list-times.ts";
import { hrefOf } from "./route.ts";

/** Of typing: shorter pauses ask nothing. */
const PAUSE_MS = 250;
const PAGE = 30;

type Hit = SearchPage["hits"][number];

interface SearchResultsProps {
  api: ConversationsApi;
  query: string;
  openId: number | undefined;
}

export function SearchResults({ api, query, openId }: SearchResultsProps) {
  const { hits, next, status, loadMore } = useSearch(api, query);
  return (
    <div class="list-scroll">
      <ul class="list" aria-label="Search results">
        {hits.map(({ message, conversation_title: title }) => (
          <li key={message.id}>
            <a
              class="entry"
              href={hrefOf(message.conversation_id, message.id)}
              aria-current={message.conversation_id === openId ? "page" : undefined}
            >
              <Avatar person={{ userId: message.user_id, username: message.username, profilePic: message.profile_pic }} />
              <span class="entry-title">
                <bdi>{message.username}</bdi>
              </span>
              <time dateTime={message.created_at}>{formatWhen(Date.parse(message.created_at))}</time>
              <span class="entry-snippet" dir="auto">
                {message.message}
              </span>
              {title !== null && <span class="entry-about">{title}</span>}
            </a>
          </li>
        ))}
      </ul>
      <div class="list-end">
        <p role="status">{status}</p>
        {next !== null && (
          <button class="quiet" type="button" onClick={loadMore}>
            More results
          </button>
        )}
      </div>
    </div>
  );
}

function useSearch(api: ConversationsApi, query: string) {
  const [hits, setHits] = useState<Hit[]>([]);
  const [next, setNext] = useState<number | null>(null);
  const [status, setStatus] = useState("");
  const ask = async (before: number | undefined, known: readonly Hit[], signal?: AbortSignal) => {
    setStatus("Searching…");
    try {
      const page = await api.search(query, { limit: PAGE, ...(before !== undefined && { before }), ...(signal && { signal }) });
      const found = [...known, ...page.hits];
      setHits(found);
      setNext(page.next_before);
      setStatus(found.length === 0 ? "Nothing was found." : "");
    } catch {
      if (!signal?.aborted) setStatus("The search did not work. Please try again.");
    }
  };
  useEffect(() => {
    const asking = new AbortController();
    const timer = setTimeout(() => void ask(undefined, [], asking.signal), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [api, query]);
  return { hits, next, status, loadMore: () => void ask(next ?? undefined, hits) };
}
