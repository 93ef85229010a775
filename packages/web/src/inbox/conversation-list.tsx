/** The conversations, newest activity first; more come on the way down. */
import type { Conversation, User } from "@drawchat/protocol/conversations-rest";
import { useEffect, useRef } from "preact/hooks";
import { Avatar } from "../avatar.tsx";
import type { InboxList } from "../conversation/inbox-list.ts";
import { formatWhen } from "../conversation/list-times.ts";
import { askerOf, snippetOf, titleOf } from "../conversation/titles.ts";
import { STATUS_WORDS } from "./filters.tsx";
import { hrefOf } from "./route.ts";
import type { Team } from "./team.ts";

const NEAR_END_PX = 300;

interface ConversationListProps {
  list: InboxList;
  me: User;
  team: Team;
  openId: number | undefined;
}

export function ConversationList({ list, me, team, openId }: ConversationListProps) {
  const box = useRef<HTMLDivElement>(null);
  const { entries, hasMore, isLoading, isLoaded, problem } = list;
  const loadWhenNear = () => {
    const at = box.current;
    if (at && hasMore && !problem && at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_END_PX) void list.loadMore();
  };
  useEffect(loadWhenNear, [entries.length, hasMore]);
  const tabStop = entries.some(({ id }) => id === openId) ? openId : entries[0]?.id;
  return (
    <div class="list-scroll" ref={box} onScroll={loadWhenNear}>
      <nav aria-label="Conversations" onKeyDown={moveInList}>
        <ul class="list">
          {entries.map((conversation) => (
            <li key={conversation.id}>
              <Entry
                conversation={conversation}
                me={me}
                team={team}
                isOpen={conversation.id === openId}
                tabIndex={conversation.id === tabStop ? 0 : -1}
              />
            </li>
          ))}
        </ul>
      </nav>
      <div class="list-end" role="status">
        {isLoading && (hasMore || !isLoaded) && <p>Loading…</p>}
        {problem && (
          <p>
            The list could not be loaded.{" "}
            <button class="quiet" type="button" onClick={() => void (entries.length === 0 ? list.refresh() : list.loadMore())}>
              Try again
            </button>
          </p>
        )}
        {isLoaded && entries.length === 0 && <p>There is nothing here.</p>}
      </div>
    </div>
  );
}

interface EntryProps {
  conversation: Conversation;
  me: User;
  team: Team;
  isOpen: boolean;
  tabIndex: number;
}

function Entry({ conversation, me, team, isOpen, tabIndex }: EntryProps) {
  const { id, status, priority, labels, assignee_id: assigneeId, unread_count: unread, last_activity_at: at } = conversation;
  const assignee = assigneeId === null ? undefined : assigneeId === me.id ? "You" : team.get(assigneeId)?.username;
  return (
    <a
      class={unread > 0 ? "entry unread" : "entry"}
      href={hrefOf(id)}
      data-conversation={id}
      aria-current={isOpen ? "page" : undefined}
      tabIndex={tabIndex}
    >
      <Avatar person={askerOf(conversation)} />
      <span class="entry-title">
        <bdi>{titleOf(conversation)}</bdi>
      </span>
      <time dateTime={at}>{formatWhen(Date.parse(at))}</time>
      <span class="entry-snippet" dir="auto">
        {snippetOf(conversation, me.id)}
      </span>
      {unread > 0 && (
        <span class="count">
          {unread > 99 ? "99+" : unread}
          <span class="unseen"> unread</span>
        </span>
      )}
      <span class="entry-about">
        {status !== "open" && <span class="badge">{STATUS_WORDS[status]}</span>}
        {(priority === "high" || priority === "urgent") && <span class={`badge ${priority}`}>{priority}</span>}
        {labels.map((label) => (
          <span class="label" key={label}>
            {label}
          </span>
        ))}
        {assignee !== undefined && <span class="assignee">{assignee}</span>}
      </span>
    </a>
  );
}

/** One stop for the Tab key, arrows from one conversation to the next. */
function moveInList(event: KeyboardEvent): void {
  const { currentTarget: box, target } = event;
  if (!(box instanceof HTMLElement) || !(target instanceof HTMLElement)) return;
  const entries = [...box.querySelectorAll<HTMLElement>("a")];
  const at = entries.indexOf(target);
  const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 };
  const next = entries[moves[event.key] ?? -1];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
