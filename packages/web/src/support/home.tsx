/** One's conversations, newest activity first. */
import type { Conversation } from "@drawchat/protocol/conversations-rest";
import type { InboxList } from "../conversation/inbox-list.ts";
import { formatWhen } from "../conversation/list-times.ts";
import { PlusIcon } from "../icons.tsx";
import { fill } from "../texts.ts";
import { type SupportTexts, useSupportTexts } from "./texts.ts";

interface HomeProps {
  list: InboxList;
  myId: number;
  onOpen: (id: number) => void;
  onNew: () => void;
}

export function Home({ list, myId, onOpen, onNew }: HomeProps) {
  const texts = useSupportTexts();
  return (
    <div class="home">
      <ul class="list" aria-label={texts.yourConversations}>
        {list.entries.map((conversation) => (
          <li key={conversation.id}>
            <Entry conversation={conversation} myId={myId} onOpen={onOpen} />
          </li>
        ))}
      </ul>
      {list.hasMore && (
        <button class="quiet" type="button" onClick={() => void list.loadMore()}>
          {texts.older}
        </button>
      )}
      <button class="primary" type="button" onClick={onNew}>
        <PlusIcon />
        {texts.newConversation}
      </button>
    </div>
  );
}

interface EntryProps {
  conversation: Conversation;
  myId: number;
  onOpen: (id: number) => void;
}

function Entry({ conversation, myId, onOpen }: EntryProps) {
  const texts = useSupportTexts();
  const { id, title, unread_count: unread, status, last_message: last, last_activity_at: at } = conversation;
  const who = last && (last.user_id === myId ? texts.you : last.username);
  return (
    <button class={unread > 0 ? "entry unread" : "entry"} type="button" onClick={() => onOpen(id)}>
      <span class="entry-title" dir="auto">
        {title ?? who ?? texts.title}
      </span>
      <time dateTime={at}>{formatWhen(Date.parse(at))}</time>
      <span class="entry-snippet" dir="auto">
        {title !== null && who ? `${who}: ${lastWords(last, texts)}` : lastWords(last, texts)}
      </span>
      {unread > 0 && (
        <span class="count">
          <span aria-hidden="true">{unread}</span>
          <span class="unseen">{fill(texts.unreadCount, { count: unread })}</span>
        </span>
      )}
      {status === "resolved" && <span class="badge">{texts.resolved}</span>}
    </button>
  );
}

function lastWords(last: Conversation["last_message"], texts: SupportTexts): string {
  if (!last) return texts.noMessageYet;
  if (last.is_deleted) return texts.deletedMessage;
  return last.message === "" && last.has_attachment ? texts.sentFile : last.message;
}
