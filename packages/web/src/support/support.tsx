/** The button and the panel behind it. Without a conversation of one's own there is no socket until the panel opens. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Access } from "../access.ts";
import { InboxList } from "../conversation/inbox-list.ts";
import { ConversationTextsContext } from "../conversation/texts.ts";
import { Workplace } from "../conversation/workplace.ts";
import { ChatIcon, CloseIcon } from "../icons.tsx";
import { fill } from "../texts.ts";
import { Panel } from "./panel.tsx";
import { loadPlace, savePlace } from "./saved-place.ts";
import { type SupportTexts, SupportTextsContext } from "./texts.ts";

interface SupportProps {
  access: Access;
  texts: SupportTexts;
  isOpen: boolean;
  onToggle: (isOpen: boolean) => void;
  onUnread: (count: number) => void;
  onSignedOut: () => void;
}

export function Support({ access, texts, isOpen, onToggle, onUnread, onSignedOut }: SupportProps) {
  const { place, list, hasFailed, tryAgain } = useWorkplace(access);
  const [conversationId, setConversationId] = useState<number>();
  const launcher = useRef<HTMLButtonElement>(null);
  /** The person opened it: then it takes the focus, and gives it back. */
  const [isOpenedByHand, setIsOpenedByHand] = useState(false);
  const unread = list?.entries.reduce((sum, { unread_count }) => sum + unread_count, 0) ?? 0;
  const hasConversations = (list?.entries.length ?? 0) > 0;

  useEffect(() => {
    if (!place) return;
    const saved = loadPlace(place.owner);
    setConversationId(saved.conversationId);
    if (saved.isOpen) onToggle(true);
  }, [place]);
  useEffect(() => {
    if (place) savePlace(place.owner, { isOpen, conversationId });
  }, [place, isOpen, conversationId]);
  useEffect(() => {
    if (place && (isOpen || hasConversations)) place.start();
  }, [place, isOpen, hasConversations]);
  useEffect(() => onUnread(unread), [unread]);

  const toggle = (next: boolean) => {
    setIsOpenedByHand(next);
    onToggle(next);
    if (!next) launcher.current?.focus();
  };
  return (
    <SupportTextsContext.Provider value={texts}>
      <ConversationTextsContext.Provider value={texts}>
        {isOpen && (
          <Panel
            place={place}
            list={list}
            onTryAgain={hasFailed ? tryAgain : undefined}
            conversationId={conversationId}
            takesFocus={isOpenedByHand}
            onConversation={setConversationId}
            onClose={() => toggle(false)}
            onSignedOut={onSignedOut}
          />
        )}
        <button
          class={isOpen ? "launcher is-open" : "launcher"}
          type="button"
          ref={launcher}
          aria-expanded={isOpen}
          aria-label={isOpen ? texts.close : unread > 0 ? fill(texts.openUnread, { count: unread }) : texts.open}
          onClick={() => toggle(!isOpen)}
        >
          {isOpen ? <CloseIcon /> : <ChatIcon />}
          {!isOpen && unread > 0 && (
            <span class="count" aria-hidden="true">
              {unread > 99 ? "99+" : unread}
            </span>
          )}
        </button>
      </ConversationTextsContext.Provider>
    </SupportTextsContext.Provider>
  );
}

interface Parts {
  place?: Workplace;
  list?: InboxList;
  /** The page had no token to hand over. */
  hasFailed?: boolean;
}

/** There once there is a token. */
function useWorkplace(access: Access): Parts & { tryAgain: () => void } {
  const [parts, setParts] = useState<Parts>({});
  const [attempt, setAttempt] = useState(0);
  const [, redraw] = useState(0);
  useEffect(() => {
    let isOver = false;
    let stop: (() => void) | undefined;
    setParts({});
    const begin = async () => {
      await access.tokens.token();
      if (isOver) return;
      const place = new Workplace(access);
      const filter = { whose: "all", status: undefined, isUnread: false } as const;
      const onChange = () => redraw((count) => count + 1);
      const list = new InboxList({ api: place.api, client: place.client, myId: access.identity.userId, filter, onChange });
      list.start();
      stop = () => {
        list.stop();
        place.stop();
      };
      setParts({ place, list });
    };
    begin().catch(() => !isOver && setParts({ hasFailed: true }));
    return () => {
      isOver = true;
      stop?.();
    };
  }, [access, attempt]);
  return { ...parts, tryAgain: () => setAttempt(attempt + 1) };
}
