/** One conversation: its messages, who types, whether one is connected, and the place to write. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Composer } from "./composer.tsx";
import { ConnectionEnded, isEnded } from "./connection-ended.tsx";
import type { ConversationModel } from "./conversation-model.ts";
import { loadDraft } from "./drafts.ts";
import { Files } from "./files.ts";
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
  const files = useFiles(place);
  const { isOver, ...dropping } = useDrop((files) => uploads.add(files));
  const { maxChars } = place;
  return (
    <section class="conversation" aria-label={texts.conversation} {...dropping}>
      {children}
      <ConnectionLine model={model} />
      <Messages model={model} maxChars={maxChars} files={files} target={target} />
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
  if (isEnded(connection))
    return <ConnectionEnded connection={connection} onContinue={() => model.reconnect()} onSignedOut={onSignedOut} />;
  if (state.name === "out" && state.reason !== "asked") {
    return (
      <footer class="ended">
        <p role="status">{texts.gone}</p>
      </footer>
    );
  }
  return <>{children}</>;
}

/** What was loaded is let go with the conversation. */
function useFiles({ api }: Workplace): Files {
  const [files] = useState(() => new Files(api));
  useEffect(() => () => files.release(), [files]);
  return files;
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
