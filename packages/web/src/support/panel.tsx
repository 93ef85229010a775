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
  /** There where beginning has failed. */
  onTryAgain: (() => void) | undefined;
  conversationId: number | undefined;
  takesFocus: boolean;
  onConversation: (id: number | undefined) => void;
  onClose: () => void;
  onSignedOut: () => void;
}

export function Panel({ onClose, onConversation, ...props }: PanelProps) {
  const texts = useSupportTexts();
  const panel = useRef<HTMLElement>(null);
  const [isNew, setIsNew] = useState(false);
  const { list, conversationId, takesFocus } = props;
  useStraightIn(props.list, conversationId, onConversation);
  useEffect(() => {
    if (takesFocus && !panel.current?.matches(":focus-within")) panel.current?.focus();
  }, [takesFocus]);
  const goTo = (id: number | undefined) => {
    setIsNew(false);
    onConversation(id);
  };
  const canGoBack = conversationId !== undefined || (isNew && (list?.entries.length ?? 0) > 0);
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
          <button class="bare" type="button" title={texts.back} aria-label={texts.back} onClick={() => goTo(undefined)}>
            <BackIcon />
          </button>
        )}
        <h2>{texts.title}</h2>
        <button class="bare close" type="button" title={texts.close} aria-label={texts.close} onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      <Contents {...props} isNew={isNew} onOpen={goTo} onNew={() => setIsNew(true)} />
    </section>
  );
}

/** With a single conversation there is no list to choose from: once, so that one can go back to begin another. */
function useStraightIn(list: InboxList | undefined, conversationId: number | undefined, onConversation: (id: number) => void): void {
  const [wasLoaded, setWasLoaded] = useState(false);
  const isLoaded = list?.isLoaded ?? false;
  useEffect(() => {
    if (!isLoaded || wasLoaded) return;
    setWasLoaded(true);
    const [only, ...others] = list?.entries ?? [];
    if (only && others.length === 0 && only.status !== "resolved" && conversationId === undefined) onConversation(only.id);
  }, [isLoaded]);
}

type ContentsProps = Omit<PanelProps, "onConversation" | "onClose"> & {
  isNew: boolean;
  onOpen: (id: number) => void;
  onNew: () => void;
};

function Contents({ place, list, onTryAgain, conversationId, takesFocus, onSignedOut, isNew, onOpen, onNew }: ContentsProps) {
  const texts = useSupportTexts();
  if (onTryAgain) return <Trouble text={texts.listFailed} action={texts.tryAgain} onAction={onTryAgain} />;
  if (place && conversationId !== undefined) {
    return <Open key={conversationId} place={place} conversationId={conversationId} takesFocus={takesFocus} onSignedOut={onSignedOut} />;
  }
  if (list?.problem === "signInEnded") return <Trouble text={texts.signInEnded} action={texts.signInAgain} onAction={onSignedOut} />;
  if (list?.problem && !list.isLoaded) {
    return <Trouble text={texts.listFailed} action={texts.tryAgain} onAction={() => void list.refresh()} />;
  }
  if (!place || !list?.isLoaded) {
    return (
      <p class="panel-note" role="status">
        {texts.oneMoment}
      </p>
    );
  }
  if (isNew || list.entries.length === 0) return <NewConversation place={place} takesFocus={takesFocus} onCreated={onOpen} />;
  return <Home list={list} myId={place.access.identity.userId} onOpen={onOpen} onNew={onNew} />;
}

function Trouble({ text, action, onAction }: { text: string; action: string; onAction: () => void }) {
  return (
    <div class="panel-note">
      <p role="status">{text}</p>
      <button class="primary" type="button" onClick={onAction}>
        {action}
      </button>
    </div>
  );
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
