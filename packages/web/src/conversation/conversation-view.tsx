/** One conversation: its messages, who types, whether one is connected, and the place to write. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Composer } from "./composer.tsx";
import type { ConversationModel } from "./conversation-model.ts";
import { loadDraft } from "./drafts.ts";
import { Messages } from "./messages.tsx";
import { PendingUploads } from "./pending-uploads.ts";
import { fill, useTexts } from "./texts.ts";
import type { Workplace } from "./workplace.ts";

interface ConversationViewProps {
  model: ConversationModel;
  place: Workplace;
  hasNotes: boolean;
  takesFocus: boolean;
  /** A message to be shown, from a search. */
  target?: number | undefined;
  onSignedOut: () => void;
  /** Above the messages. */
  children?: ComponentChildren;
}

export function ConversationView({ model, place, hasNotes, takesFocus, target, onSignedOut, children }: ConversationViewProps) {
  const texts = useTexts();
  const owner = `${place.owner}.c${model.id}`;
  const uploads = useUploads(model, place, owner);
  const { isOver, ...dropping } = useDrop((files) => uploads.add(files));
  const { maxChars } = place;
  return (
    <section class="conversation" aria-label={texts.conversation} {...dropping}>
      {children}
      <ConnectionLine model={model} />
      <Messages model={model} maxChars={maxChars} files={place.files} target={target} />
      <p class="typing">{typingText()}</p>
      {model.notice && (
        <p class="bar-note" role="alert">
          {texts[model.notice]}
        </p>
      )}
      <Foot model={model} onSignedOut={onSignedOut}>
        <Composer model={model} owner={owner} uploads={uploads} maxChars={maxChars} hasNotes={hasNotes} takesFocus={takesFocus} />
      </Foot>
      {isOver && <p class="drop-here">{texts.dropHere}</p>}
    </section>
  );

  function typingText(): string {
    const names = model.typing;
    if (names.length === 0) return "";
    return fill(names.length === 1 ? texts.typingOne : texts.typingSome, { name: names.join(texts.and) });
  }
}

function ConnectionLine({ model }: { model: ConversationModel }) {
  const texts = useTexts();
  const { name } = model.connection;
  return <div role="status">{name === "reconnecting" && <p class="bar-note">{texts.reconnecting}</p>}</div>;
}

/** The place to write, or why there is none. */
function Foot({ model, onSignedOut, children }: { model: ConversationModel; onSignedOut: () => void; children: ComponentChildren }) {
  const texts = useTexts();
  const { connection, state } = model;
  if (connection.name === "closed" && connection.code === 4509) {
    return <Ended text={texts.elsewhere} action={texts.continueHere} onAction={() => model.reconnect()} />;
  }
  if (connection.name === "closed" && connection.code === 4501) {
    return <Ended text={texts.signInEnded} action={texts.signInAgain} onAction={onSignedOut} />;
  }
  if (connection.name === "closed" && connection.code !== 1000) return <Ended text={texts.forbidden} />;
  if (state.name === "out" && state.reason !== "asked") return <Ended text={texts.gone} />;
  return <>{children}</>;
}

function Ended({ text, action, onAction }: { text: string; action?: string; onAction?: () => void }) {
  return (
    <footer class="ended">
      <p role="status">{text}</p>
      {action !== undefined && (
        <button class="primary" type="button" onClick={onAction}>
          {action}
        </button>
      )}
    </footer>
  );
}

/** For the life of the component, which is that of one conversation. */
function useUploads(model: ConversationModel, { api }: Workplace, owner: string): PendingUploads {
  const [, redraw] = useState(0);
  const [uploads] = useState(() => {
    const upload: ConstructorParameters<typeof PendingUploads>[0]["upload"] = (file, options) => api.upload(model.id, file, options);
    return new PendingUploads({ upload, onChange: () => redraw((count) => count + 1) }, loadDraft(owner).attachments);
  });
  useEffect(() => () => uploads.stop(), [uploads]);
  return uploads;
}

function useDrop(onFiles: (files: FileList) => void) {
  const [isOver, setIsOver] = useState(false);
  const depth = useRef(0); // each element inside says that it is entered and left
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const enter = (by: 1 | -1) => (event: DragEvent) => {
    if (!hasFiles(event)) return;
    depth.current += by;
    setIsOver(depth.current > 0);
  };
  return {
    isOver,
    onDragEnter: enter(1),
    onDragLeave: enter(-1),
    onDragOver: (event: DragEvent) => hasFiles(event) && event.preventDefault(),
    onDrop: (event: DragEvent) => {
      depth.current = 0;
      setIsOver(false);
      if (!event.dataTransfer || event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      onFiles(event.dataTransfer.files);
    },
  };
}
