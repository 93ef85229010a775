/** What is in the panel: the list of one's conversations, one of them, or the first words of a new one. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ConversationModel } from "../conversation/conversation-model.ts";
import { ConversationView } from "../conversation/conversation-view.tsx";
import type { InboxList } from "../conversation/inbox-list.ts";
import type { Workplace } from "../conversation/workplace.ts";
import { BackIcon, CloseIcon } from "../icons.tsx";
import { ConversationHead } from "./conversation-head.tsx";
import { Home } from "./home.tsx";
import { NewConversation } from "./new-conversation.tsx";
import { useSupportTexts } from "./texts.ts";

interface PanelProps {
  place: Workplace | undefined;
  list: InboxList | undefined;
  conversationId: number | undefined;
  takesFocus: boolean;
  onConversation: (id: number | undefined) => void;
  onClose: () => void;
  onSignedOut: () => void;
}

export function Panel({ place, list, conversationId, takesFocus, onConversation, onClose, onSignedOut }: PanelProps) {
  const texts = useSupportTexts();
  const panel = useRef<HTMLElement>(null);
  const [isNew, setIsNew] = useState(false);
  const isLoading = !place || !list || (!list.isLoaded && !list.hasFailed);
  const entries = list?.entries ?? [];
  const hasOne = entries.length === 1 && entries[0]?.status !== "resolved";
  useEffect(() => {
    if (takesFocus) panel.current?.focus();
  }, [takesFocus]);
  // With a single conversation there is no list to choose from.
  const [wasSent, setWasSent] = useState(false);
  useEffect(() => {
    if (isLoading || wasSent || conversationId !== undefined) return;
    setWasSent(true);
    if (hasOne) onConversation(entries[0]?.id);
  }, [isLoading, wasSent, conversationId, hasOne]);
  const goBack = () => {
    setWasSent(true);
    setIsNew(false);
    onConversation(undefined);
  };
  const open = (id: number) => {
    setIsNew(false);
    onConversation(id);
  };
  const canGoBack = conversationId !== undefined || (isNew && entries.length > 0);
  return (
    <section
      class="panel"
      role="dialog"
      aria-label={texts.title}
      tabIndex={-1}
      ref={panel}
      onKeyDown={(event) => event.key === "Escape" && !event.defaultPrevented && onClose()}
    >
      <div class="panel-header">
        {canGoBack && (
          <button class="bare" type="button" title={texts.back} aria-label={texts.back} onClick={goBack}>
            <BackIcon />
          </button>
        )}
        <h2>{texts.title}</h2>
        <button class="bare close" type="button" title={texts.close} aria-label={texts.close} onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      {content()}
    </section>
  );

  function content() {
    if (place && conversationId !== undefined) {
      return <Open key={conversationId} place={place} conversationId={conversationId} takesFocus={takesFocus} onSignedOut={onSignedOut} />;
    }
    if (isLoading) {
      return (
        <p class="panel-note" role="status">
          {texts.oneMoment}
        </p>
      );
    }
    if (!list.isLoaded) {
      return (
        <p class="panel-note" role="status">
          {texts.listFailed}
          <button class="primary" type="button" onClick={() => void list.refresh()}>
            {texts.tryAgain}
          </button>
        </p>
      );
    }
    if (isNew || entries.length === 0) return <NewConversation place={place} takesFocus={takesFocus} onCreated={open} />;
    return <Home list={list} myId={place.access.identity.userId} onOpen={open} onNew={() => setIsNew(true)} />;
  }
}

interface OpenProps {
  place: Workplace;
  conversationId: number;
  takesFocus: boolean;
  onSignedOut: () => void;
}

function Open({ place, conversationId, takesFocus, onSignedOut }: OpenProps) {
  const [, redraw] = useState(0);
  const [model] = useState(() => {
    const { userId, username } = place.access.identity;
    const self = { userId, username, profilePic: null, role: "customer" as const };
    const { client, api } = place;
    return new ConversationModel({ client, api, self, conversationId, hasNotes: false, onChange: () => redraw((count) => count + 1) });
  });
  useEffect(() => {
    model.start();
    return () => model.stop();
  }, [model]);
  return (
    <ConversationView model={model} place={place} hasNotes={false} takesFocus={takesFocus} onSignedOut={onSignedOut}>
      <ConversationHead model={model} />
    </ConversationView>
  );
}
